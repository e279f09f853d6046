import type * as contract from "@cardea/mcias/contract/extended";
import { revokeTokensOf } from "../../../identity/issued-tokens.js";
import { setPasswordHash } from "../../../identity/passwords.js";
import { grantRole, revokeRole } from "../../../identity/roles.js";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { livingAccount } from "./living.js";
import { setTags, tagsOf } from "./tags.js";

type Accounts = Pick<
  Handlers<typeof contract, Callers>,
  "grantRole" | "revokeRole" | "resetPassword" | "getTags" | "setTags"
>;

/** Section 8: single roles, a new password for somebody else, tags. */
export function accountHandlers({ storage, clock, hashes, settings }: McIas): Accounts {
  return {
    grantRole: {
      rate: "none",
      audit: ["role_granted"],
      handler: async ({ path, json }, { origin, refuse }) => {
        if (settings.roles?.includes(json.role) === false) refuse("unknown_role");
        const found = await storage.unit(async (tx) => {
          const account = await livingAccount(tx, path.id);
          if (account !== undefined) await grantRole(tx, origin, clock.now(), account.id, json.role);
          return account !== undefined;
        });
        if (!found) refuse("not_found");
      },
    },

    revokeRole: {
      rate: "none",
      audit: ["role_revoked"],
      handler: async ({ path }, { origin, refuse }) => {
        const outcome = await storage.unit(async (tx) => {
          const account = await livingAccount(tx, path.id);
          if (account === undefined) return "not_found";
          return revokeRole(tx, origin, clock.now(), account.id, path.role);
        });
        if (outcome !== "revoked") refuse(outcome);
      },
    },

    resetPassword: {
      rate: "none",
      audit: ["password_changed"],
      handler: async ({ path, json }, { origin, request, refuse }) => {
        const before = await livingAccount(storage.read, path.id);
        if (before === undefined) return refuse("not_found");
        if (before.kind !== "human") return refuse("not_a_human_account");
        const phc = await hashes.hash(json.new_password, request.network);
        const found = await storage.unit(async (tx) => {
          // It may have been deleted while the hash ran.
          const account = await livingAccount(tx, path.id);
          if (account === undefined) return false;
          const now = clock.now();
          await setPasswordHash(tx, origin, now, account.id, phc);
          await revokeTokensOf(tx, account.id, now);
          return true;
        });
        if (!found) refuse("not_found");
      },
    },

    getTags: {
      rate: "none",
      audit: [],
      handler: async ({ path }, { refuse }) => {
        const account = (await livingAccount(storage.read, path.id)) ?? refuse("not_found");
        return { tags: await tagsOf(storage.read, account.id) };
      },
    },

    setTags: {
      rate: "none",
      audit: ["tags_updated"],
      handler: async ({ path, json }, { origin, refuse }) => {
        const found = await storage.unit(async (tx) => {
          const account = await livingAccount(tx, path.id);
          if (account !== undefined) await setTags(tx, origin, clock.now(), account.id, json.tags);
          return account !== undefined;
        });
        if (!found) refuse("not_found");
      },
    },
  };
}
