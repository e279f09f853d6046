import type { TestHouse } from "../mcias/house.js";

/** A row of whatever table. */
type Row = Readonly<Record<string, unknown>>;

/** Whole tables by name, also those that a wire or a later version adds. */
export async function tablesOf(house: TestHouse): Promise<ReadonlyMap<string, readonly Row[]>> {
  // The schema knows its tables by name; here they are asked for by the names that the database has.
  const read = house.storage.read as unknown as {
    selectFrom(table: string): {
      selectAll(): { execute(): Promise<Row[]> };
    };
  };
  const known = await read.selectFrom("sqlite_master").selectAll().execute();
  const names = known
    .filter(({ type, name }) => type === "table" && !String(name).startsWith("sqlite_"))
    .map(({ name }) => String(name))
    .sort();
  const tables = new Map<string, readonly Row[]>();
  for (const name of names) tables.set(name, await read.selectFrom(name).selectAll().execute());
  return tables;
}

/** Everything that is stored but what is written about it: the audit log and the ledger of guesses. */
export async function stateOf(house: TestHouse): Promise<string> {
  const tables = [...(await tablesOf(house))].filter(([name]) => !/^audit_|^guesses$/.test(name));
  return JSON.stringify(tables, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString("hex") : value));
}
