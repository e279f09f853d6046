import type * as contract from "@cardea/mcias/contract";
import { findBySubject } from "../../identity/accounts.js";
import { findDatabaseCredentials, setDatabaseCredentials } from "../../identity/database-credentials.js";
import type { Handlers } from "../dialect.js";
import type { McIas } from "./dialect.js";
import type { Callers } from "./gate.js";
import { idFrom } from "./ids.js";

type PgCreds = Pick<Handlers<typeof contract, Callers>, "getPgCreds" | "setPgCreds">;

/** Sections 2.2 and 2.3: database credentials of a system account. */
export function pgCredsHandlers({ storage, clock, seals }: McIas): PgCreds {
  return {
    getPgCreds: {
      rate: "none",
      audit: [],
      handler: async ({ path }, { refuse }) => {
        const subject = idFrom(path.id) ?? refuse("not_found");
        const account = await findBySubject(storage.read, "mcias", subject);
        if (account === undefined || account.status === "deleted") return refuse("not_found");
        return (await findDatabaseCredentials(storage.read, seals, account.id)) ?? refuse("not_found");
      },
    },

    setPgCreds: {
      rate: "none",
      audit: ["pgcred_updated"],
      handler: async ({ path, json }, { origin, refuse }) => {
        const subject = idFrom(path.id) ?? refuse("not_found");
        const outcome = await storage.unit(async (tx) => {
          const account = await findBySubject(tx, "mcias", subject);
          if (account === undefined || account.status === "deleted") return "not_found";
          if (account.kind !== "system") return "not_a_system_account";
          await setDatabaseCredentials(tx, seals, origin, clock.now(), account.id, json);
          return "set";
        });
        if (outcome !== "set") refuse(outcome);
      },
    },
  };
}
