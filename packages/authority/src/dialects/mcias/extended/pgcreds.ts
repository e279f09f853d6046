import type * as contract from "@cardea/mcias/contract/extended";
import { listDatabaseCredentials } from "../../../identity/database-credentials.js";
import { administrator } from "../../../identity/roles.js";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { delegatedTo } from "./delegations.js";

type PgCreds = Pick<Handlers<typeof contract, Callers>, "listPgCreds">;

/** Section 8: which database credentials a caller may use. Those whose `getPgCreds` would answer, and no other. */
export function pgCredsListHandlers({ storage, seals }: McIas): PgCreds {
  return {
    listPgCreds: {
      rate: "none",
      audit: [],
      handler: async (_, { caller }) => {
        const whose = caller.roles.includes(administrator)
          ? undefined
          : [caller.accountId, ...(await delegatedTo(storage.read, caller.accountId, "pgcreds_read"))];
        const found = await listDatabaseCredentials(storage.read, seals, "mcias", whose);
        return found.map(({ subject, username, host, port, database }) => ({
          service_account_id: subject,
          username,
          host,
          port,
          database,
        }));
      },
    },
  };
}
