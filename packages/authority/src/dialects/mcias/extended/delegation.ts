import type * as seed from "@cardea/mcias/contract";
import type * as contract from "@cardea/mcias/contract/extended";
import { findBySubject } from "../../../identity/accounts.js";
import { administrator } from "../../../identity/roles.js";
import type { Handler, Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { delegatedTo, listDelegations, setDelegation, type Permission } from "./delegations.js";
import { livingAccount } from "./living.js";

type Delegation = Pick<Handlers<typeof contract, Callers>, "listDelegates" | "setDelegate" | "removeDelegate">;

/** Section 8: who besides administrators may do something for a system account. */
export function delegationHandlers({ storage, clock }: McIas): Delegation {
  return {
    listDelegates: {
      rate: "none",
      audit: [],
      handler: async ({ path }, { refuse }) => {
        const account = (await livingAccount(storage.read, path.id)) ?? refuse("not_found");
        const delegates = await listDelegations(storage.read, account.id);
        return {
          delegates: delegates.map(({ subject, permissions }) => ({
            account_id: subject,
            permissions: [...permissions],
          })),
        };
      },
    },

    setDelegate: {
      rate: "none",
      audit: ["delegation_granted", "delegation_revoked"],
      handler: async ({ path, json }, { origin, refuse }) => {
        const outcome = await storage.unit(async (tx) => {
          const account = await livingAccount(tx, path.id);
          const delegate = await livingAccount(tx, path.delegate_id);
          if (account === undefined || delegate === undefined) return "not_found";
          if (account.kind !== "system") return "not_a_system_account";
          await setDelegation(tx, origin, clock.now(), account.id, delegate.id, json.permissions);
          return "set";
        });
        if (outcome !== "set") refuse(outcome);
      },
    },

    removeDelegate: {
      rate: "none",
      audit: ["delegation_revoked"],
      handler: async ({ path }, { origin, refuse }) => {
        const found = await storage.unit(async (tx) => {
          const account = await livingAccount(tx, path.id);
          const delegate = await livingAccount(tx, path.delegate_id);
          if (account === undefined || delegate === undefined) return false;
          await setDelegation(tx, origin, clock.now(), account.id, delegate.id, []);
          return true;
        });
        if (!found) refuse("not_found");
      },
    },
  };
}

type Issue = Handler<typeof seed.issueServiceToken, Callers>;
type IssueByDelegates = Handler<typeof contract.delegable.issueServiceToken, Callers>;

const issuing: Permission = "token_issue";

/** Issues as the seed does, for a delegate too, but for no account that was not delegated: whether it exists is not told. */
export function issueByDelegates({ storage }: McIas, issue: Issue): IssueByDelegates {
  return {
    ...issue,
    async handler(input, context) {
      const { caller, refuse } = context;
      if (!caller.roles.includes(administrator)) {
        const account = await findBySubject(storage.read, "mcias", input.json.account_id.toLowerCase());
        const delegated = await delegatedTo(storage.read, caller.accountId, issuing);
        if (account === undefined || !delegated.includes(account.id)) refuse("insufficient_role");
      }
      return issue.handler(input, context);
    },
  };
}
