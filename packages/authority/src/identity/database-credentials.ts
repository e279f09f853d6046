import type { Seals } from "../keys/seal.js";
import type { Reader, Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";

/** How a service reaches its database. Stored sealed, bound to its account. */
export interface DatabaseCredentials {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
}

const place = (accountId: string) => ({ table: "database_credentials", column: "sealed", row: accountId });

export async function setDatabaseCredentials(
  tx: Tx,
  seals: Seals,
  origin: Origin,
  now: number,
  accountId: string,
  credentials: DatabaseCredentials,
): Promise<void> {
  const sealed = seals.seal(place(accountId), new TextEncoder().encode(JSON.stringify(credentials)));
  await tx
    .insertInto("database_credentials")
    .values({ account_id: accountId, sealed, updated_at: now })
    .onConflict((conflict) => conflict.column("account_id").doUpdateSet({ sealed, updated_at: now }))
    .execute();
  await record(tx, origin, now, { type: "pgcred_updated", target: accountId });
}

export async function findDatabaseCredentials(
  db: Reader,
  seals: Seals,
  accountId: string,
): Promise<DatabaseCredentials | undefined> {
  const row = await db
    .selectFrom("database_credentials")
    .select("sealed")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return JSON.parse(new TextDecoder().decode(seals.open(place(accountId), row.sealed))) as DatabaseCredentials;
}

export async function eraseDatabaseCredentials(tx: Tx, accountId: string): Promise<void> {
  await tx.deleteFrom("database_credentials").where("account_id", "=", accountId).execute();
}
