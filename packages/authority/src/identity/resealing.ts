import type { Seals } from "../keys/seal.js";
import type { Storage, Tx } from "../storage/storage.js";
import { dataKeysOf } from "./sealing.js";

/** A sealed value with the key of its row. */
interface SealedRow {
  readonly row: string;
  readonly sealed: Uint8Array;
}

/** A sealed column: how its rows are found in the order of their keys, and written. */
interface SealedColumn {
  readonly table: string;
  readonly column: string;
  read(tx: Tx, after: string, limit: number): Promise<readonly SealedRow[]>;
  write(tx: Tx, value: SealedRow): Promise<unknown>;
}

/** Every sealed column there is. */
export const sealedColumns: readonly SealedColumn[] = [
  {
    table: "signing_keys",
    column: "private_key",
    read: (tx, after, limit) =>
      tx
        .selectFrom("signing_keys")
        .select(["kid as row", "private_key as sealed"])
        .where("kid", ">", after)
        .orderBy("kid")
        .limit(limit)
        .execute(),
    write: (tx, { row, sealed }) =>
      tx.updateTable("signing_keys").set({ private_key: sealed }).where("kid", "=", row).execute(),
  },
  {
    table: "factors",
    column: "secret",
    read: (tx, after, limit) =>
      tx
        .selectFrom("factors")
        .select(["id as row", "secret as sealed"])
        .where("id", ">", after)
        .orderBy("id")
        .limit(limit)
        .execute(),
    write: (tx, { row, sealed }) => tx.updateTable("factors").set({ secret: sealed }).where("id", "=", row).execute(),
  },
  {
    table: "database_credentials",
    column: "sealed",
    read: (tx, after, limit) =>
      tx
        .selectFrom("database_credentials")
        .select(["account_id as row", "sealed"])
        .where("account_id", ">", after)
        .orderBy("account_id")
        .limit(limit)
        .execute(),
    write: (tx, { row, sealed }) =>
      tx.updateTable("database_credentials").set({ sealed }).where("account_id", "=", row).execute(),
  },
];

/** Rows that share a unit, so that nobody waits long. */
const batchRows = 100;

/**
 * Seals every value under the newest data key, then removes the others. It can be cut off anywhere and called again.
 * No other process may have the house open: it would know nothing of the new key.
 */
export async function resealAll(storage: Storage, seals: Seals): Promise<void> {
  for (const column of sealedColumns) {
    let last: string | undefined = "";
    while (last !== undefined) {
      const after: string = last;
      last = await storage.unit((tx) => resealBatch(tx, seals, column, after));
    }
  }
  await storage.unit(async (tx) => {
    const newest = (await dataKeysOf(tx)).at(-1);
    if (newest !== undefined) await tx.deleteFrom("data_keys").where("id", "!=", newest.id).execute();
  });
}

/** @returns the key of the last row that was looked at; nothing where there is none after `after` */
async function resealBatch(
  tx: Tx,
  seals: Seals,
  { table, column, read, write }: SealedColumn,
  after: string,
): Promise<string | undefined> {
  const rows = await read(tx, after, batchRows);
  for (const { row, sealed } of rows) {
    // The private half of a signing key is gone once it signs no more.
    const changed = sealed.length === 0 ? undefined : seals.reseal({ table, column, row }, sealed);
    if (changed !== undefined) await write(tx, { row, sealed: changed });
  }
  return rows.at(-1)?.row;
}
