import type { Schema } from "../schema.js";
import type { ReadDatabase } from "../sqlite/read.js";
import { connectAlone } from "./connect.js";
import { kyselyOver, runOn } from "./connection.js";
import { storageFailure } from "./failures.js";

/** Opens a PostgreSQL database to read it, whoever serves it meanwhile. @throws StorageError */
export async function readPostgres(url: string): Promise<ReadDatabase> {
  const client = await connectAlone(url);
  const read = kyselyOver<Schema>({
    execute: (sql, parameters) =>
      runOn(client, sql, parameters).catch((error: unknown) => {
        throw error instanceof TypeError ? error : storageFailure(error);
      }),
  });
  await client.query("set default_transaction_read_only = on");
  return {
    read,
    async highestEventId() {
      // Transactions that were undone have used up numbers, so what was given last says nothing here.
      const row = await read
        .selectFrom("audit_events")
        .select((events) => events.fn.max<number | null>("id").as("id"))
        .executeTakeFirst();
      return row?.id ?? 0;
    },
    close: () => void client.end().catch(() => {}),
  };
}
