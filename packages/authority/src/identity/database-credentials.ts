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
  return row === undefined ? undefined : opened(seals, accountId, row.sealed);
}

export async function eraseDatabaseCredentials(tx: Tx, accountId: string): Promise<void> {
  await tx.deleteFrom("database_credentials").where("account_id", "=", accountId).execute();
}

/** Credentials with the account that they are stored for. */
export interface OwnedDatabaseCredentials extends DatabaseCredentials {
  /** What the wire calls the account. */
  readonly subject: string;
}

/** The credentials of every account that is not deleted, or of these only; by the age of the account. */
export async function listDatabaseCredentials(
  db: Reader,
  seals: Seals,
  wire: string,
  accountIds?: readonly string[],
): Promise<OwnedDatabaseCredentials[]> {
  let all = db
    .selectFrom("database_credentials")
    .innerJoin("accounts", "accounts.id", "database_credentials.account_id")
    .innerJoin("subjects", (join) =>
      join
        .onRef("subjects.account_id", "=", "accounts.id")
        .on("subjects.wire", "=", wire)
        .on("subjects.scope", "=", ""),
    )
    .select(["accounts.id", "subjects.subject", "database_credentials.sealed"])
    .where("accounts.status", "!=", "deleted")
    .orderBy("accounts.created_at")
    .orderBy("subjects.subject");
  if (accountIds !== undefined) all = all.where("accounts.id", "in", accountIds);
  return (await all.execute()).map(({ id, subject, sealed }) => ({ subject, ...opened(seals, id, sealed) }));
}

function opened(seals: Seals, accountId: string, sealed: Uint8Array): DatabaseCredentials {
  return JSON.parse(new TextDecoder().decode(seals.open(place(accountId), sealed))) as DatabaseCredentials;
}
