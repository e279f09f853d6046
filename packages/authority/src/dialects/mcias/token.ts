import type * as contract from "@cardea/mcias/contract";
import { findBySubject } from "../../identity/accounts.js";
import { record } from "../../identity/audit.js";
import { findToken, spendToken } from "../../identity/issued-tokens.js";
import { rolesOf } from "../../identity/roles.js";
import type { Handlers } from "../dialect.js";
import type { McIas } from "./dialect.js";
import type { Callers } from "./gate.js";
import { idFrom } from "./ids.js";
import { issuerOf } from "./issuer.js";
import { timestamp } from "./tokens.js";

type Token = Pick<
  Handlers<typeof contract, Callers>,
  "validateToken" | "issueServiceToken" | "revokeToken" | "getPublicKey" | "health"
>;

/** Sections 2.2 and 2.3: validate, issue, revoke; the public key and health. */
export function tokenHandlers(mcias: McIas): Token {
  const { storage, clock, keys, settings, tokens } = mcias;
  return {
    validateToken: {
      rate: "validate",
      audit: [],
      handler: async ({ json }, { caller }) => {
        const token = json?.token ?? caller.bearer;
        const found = token === undefined ? undefined : await tokens.verify(token, clock.now());
        if (found === undefined) return { valid: false };
        return {
          valid: true,
          sub: found.subject,
          ...(settings.profile === "extended" && { username: found.username }),
          roles: [...found.roles],
          expires_at: timestamp(found.expiresAt),
        };
      },
    },

    issueServiceToken: {
      rate: "none",
      audit: ["token_issued"],
      handler: async ({ json }, { origin, request, refuse }) => {
        const subject = json.account_id.toLowerCase();
        const issued = await storage.unit(async (tx) => {
          const account = await findBySubject(tx, "mcias", subject);
          if (account === undefined || account.status === "deleted") return "not_found";
          if (account.kind !== "system") return "not_a_system_account";
          if (account.status !== "active") return "account_inactive";
          const holder = { accountId: account.id, subject, kind: account.kind, roles: await rolesOf(tx, account.id) };
          return tokens.issue(tx, origin, clock.now(), holder, issuerOf(request));
        });
        return typeof issued === "string" ? refuse(issued) : issued;
      },
    },

    revokeToken: {
      rate: "none",
      audit: ["token_revoked"],
      handler: async ({ path }, { origin, refuse }) => {
        const jti = idFrom(path.jti);
        const found =
          jti !== undefined &&
          (await storage.unit(async (tx) => {
            const owner = await findToken(tx, "mcias", jti);
            if (owner === undefined) return false;
            const now = clock.now();
            if (await spendToken(tx, "mcias", jti, now)) {
              await record(tx, origin, now, { type: "token_revoked", target: owner.accountId, details: { jti } });
            }
            return true;
          }));
        if (!found) refuse("not_found");
      },
    },

    getPublicKey: {
      rate: "none",
      audit: [],
      handler: () => Promise.resolve({ kty: "OKP", crv: "Ed25519", x: keys.publicKey["x"] ?? "" }),
    },

    health: {
      rate: "none",
      audit: [],
      handler: () => Promise.resolve({ status: "ok" }),
    },
  };
}
