import type * as contract from "@cardea/mcias/contract";
import { findBySubject } from "../../identity/accounts.js";
import { record } from "../../identity/audit.js";
import { spendToken } from "../../identity/issued-tokens.js";
import { rolesOf } from "../../identity/roles.js";
import { signIn } from "../../identity/sign-in.js";
import { subjectOn } from "../../identity/subjects.js";
import type { Handlers } from "../dialect.js";
import type { McIas } from "./dialect.js";
import type { Callers } from "./gate.js";
import { issuerOf } from "./issuer.js";
import { mayLogIn } from "./login-policy.js";

type Auth = Pick<Handlers<typeof contract, Callers>, "login" | "logout" | "renewToken">;

/** Section 2.3: log in, log out, renew. */
export function authHandlers(mcias: McIas): Auth {
  const { storage, clock, tokens, uuid } = mcias;
  return {
    login: {
      rate: "login",
      audit: ["login_ok", "login_fail", "token_issued"],
      handler: async ({ json }, { origin, request, refuse }) => {
        // Section 1: an empty code and an empty service name are absence.
        const totpCode = json.totp_code || undefined;
        const serviceName = json.service_name || undefined;
        const attempt = await signIn(mcias, {
          username: json.username,
          password: json.password,
          ...(totpCode !== undefined && { totpCode }),
          origin,
          allows: (who, tx, now) => mayLogIn(mcias, tx, who, { serviceName, tags: json.tags ?? [] }, now),
          complete: async (tx, who, now) => {
            const subject = await subjectOn(tx, "mcias", who.accountId, uuid);
            return tokens.issue(tx, origin, now, { ...who, subject }, issuerOf(request));
          },
        });
        switch (attempt.outcome) {
          case "signed_in":
            return attempt.result;
          case "refused":
            return refuse("invalid_credentials");
          case "totp_required":
            return refuse("totp_required");
          case "denied":
            return refuse("denied_by_policy");
          case "network_locked":
            return refuse("too_many_failures");
        }
      },
    },

    logout: {
      rate: "none",
      audit: ["token_revoked"],
      handler: async (_, { caller, origin, refuse }) => {
        const spent = await storage.unit(async (tx) => {
          const now = clock.now();
          if (!(await spendToken(tx, "mcias", caller.jti, now))) return false;
          await record(tx, origin, now, {
            type: "token_revoked",
            target: caller.accountId,
            details: { jti: caller.jti },
          });
          return true;
        });
        if (!spent) refuse("invalid_token");
      },
    },

    renewToken: {
      rate: "none",
      audit: ["token_renewed", "token_issued"],
      handler: async (_, { caller, origin, request, refuse }) => {
        const renewed = await storage.unit(async (tx) => {
          const now = clock.now();
          const account = await findBySubject(tx, "mcias", caller.subject);
          if (account?.status !== "active" || !(await spendToken(tx, "mcias", caller.jti, now))) return undefined;
          await record(tx, origin, now, { type: "token_renewed", target: account.id, details: { jti: caller.jti } });
          const roles = await rolesOf(tx, account.id);
          return tokens.issue(tx, origin, now, { ...caller, roles }, issuerOf(request));
        });
        return renewed ?? refuse("invalid_token");
      },
    },
  };
}
