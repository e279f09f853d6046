import { findBySubject } from "../../../identity/accounts.js";
import { administrator } from "../../../identity/roles.js";
import type { Dialect, Gate } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import { gate, type Callers } from "../gate.js";
import { idFrom } from "../ids.js";
import type { VerifiedToken } from "../tokens.js";
import { delegatedTo } from "./delegations.js";

/** Who gets through to which operation (section 8). What was delegated is asked each time: no token carries it. */
export function extendedGate(mcias: McIas): Dialect<unknown, Callers>["gate"] {
  const seed = gate(mcias);
  const { read } = mcias.storage;

  const having =
    (allowed: (caller: VerifiedToken, subject: string | undefined) => Promise<boolean>): Gate<VerifiedToken> =>
    async (request, path) => {
      const passage = await seed.bearer(request, path);
      if ("refused" in passage || passage.caller.roles.includes(administrator)) return passage;
      const isAllowed = await allowed(passage.caller, idFrom(path["id"] ?? ""));
      return isAllowed ? passage : { refused: "insufficient_role" };
    };

  return {
    ...seed,
    // For which account stands in the body: whoever may issue for none needs not be read further.
    administrator_or_delegate: having(
      async ({ accountId }) => (await delegatedTo(read, accountId, "token_issue")).length > 0,
    ),
    administrator_self_or_delegate: having(async (caller, subject) => {
      if (subject === undefined || subject === caller.subject) return subject !== undefined;
      const account = await findBySubject(read, "mcias", subject);
      return account !== undefined && (await delegatedTo(read, caller.accountId, "pgcreds_read")).includes(account.id);
    }),
  };
}
