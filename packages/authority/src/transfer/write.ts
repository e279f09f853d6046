import { access } from "node:fs/promises";
import type { Clock } from "@cardea/core";
import { sql, type Kysely, type RawBuilder } from "kysely";
import { codeOf, createFile } from "../keys/durable-file.js";
import { readCatalog, type Table } from "../storage/catalog.js";
import { ledgerTable, stepsIn, type Step } from "../storage/migrations/migrate.js";
import { isPostgresUrl, openWhole } from "../storage/open.js";
import type { Storage } from "../storage/storage.js";
import { ArchiveError } from "./archive-error.js";
import { encodeCell, format, summarise, version, type ArchiveSummary, type CellValue } from "./format.js";

/** Rows that are in memory at once. */
const batchRows = 500;

/**
 * Writes everything that a database holds to a new file, mode 0600, which is there in whole or not at all. What is
 * sealed stays sealed. On PostgreSQL authorities may go on serving: it is the house of one moment.
 *
 * @throws ArchiveError `archive_exists`, `archive_unwritable`, `house_missing`
 * @throws StorageError `storage_in_use` where an authority serves the embedded database, and others
 */
export async function writeArchive(options: {
  readonly database: string;
  readonly file: string;
  readonly clock: Pick<Clock, "now">;
}): Promise<ArchiveSummary> {
  const { database, file, clock } = options;
  if (await exists(file)) throw taken(file);
  // To open an embedded database is to make it.
  if (!isPostgresUrl(database) && !(await exists(database))) {
    throw new ArchiveError("house_missing", `there is no database at ${database}`);
  }
  const whole = await openWhole(database);
  try {
    const tables = await readCatalog(whole.db, whole.kind);
    if (!tables.some(({ name }) => name === ledgerTable)) {
      throw new ArchiveError("house_missing", "that database holds no house");
    }
    const transaction = whole.db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
    return await transaction.execute(async (tx) => {
      const migrations = await stepsIn(tx);
      const seen = summarise(migrations);
      const house = tables.filter(({ name }) => name !== ledgerTable);
      const lines = linesOf(tx, whole.kind, { house, migrations, exportedAt: clock.now() }, seen);
      if (!(await create(file, lines))) throw taken(file);
      return seen.summary();
    });
  } finally {
    await whole.close();
  }
}

async function* linesOf(
  tx: Kysely<unknown>,
  kind: Storage["kind"],
  from: { readonly house: readonly Table[]; readonly migrations: readonly Step[]; readonly exportedAt: number },
  seen: ReturnType<typeof summarise>,
): AsyncGenerator<string> {
  const exportedAt = new Date(from.exportedAt).toISOString();
  yield `${JSON.stringify({ format, version, exportedAt, migrations: from.migrations })}\n`;
  for (const table of from.house) {
    const columns = [...table.columns.keys()];
    const last = table.counted === undefined ? {} : { last: await lastNumber(tx, kind, table.name, table.counted) };
    const head = JSON.stringify({ table: table.name, columns, ...last });
    seen.table(head);
    yield `${head}\n`;
    for await (const rows of batches[kind](tx, table)) {
      const lines = rows.map((row) => JSON.stringify(columns.map((column) => encodeCell(row[column] ?? null))));
      lines.forEach(seen.row);
      yield `${lines.join("\n")}\n`;
    }
  }
  const { rows, digest } = seen.summary();
  yield `${JSON.stringify({ rows, digest })}\n`;
}

type Row = Readonly<Record<string, CellValue>>;

/** All rows of a table by its key, a batch at a time. None of the batches is empty. */
const batches: Readonly<Record<Storage["kind"], (tx: Kysely<unknown>, table: Table) => AsyncGenerator<Row[]>>> = {
  /** From one key to the next: the order is that of the table's own index. */
  async *sqlite(tx, table) {
    const key = sql.join(table.key.map((column) => sql.ref(column)));
    for (let last: Row | undefined; ;) {
      const bounds = table.key.map((column) => last?.[column]);
      const after = last === undefined ? sql`` : sql`where (${key}) > (${sql.join(bounds)})`;
      const { rows } = await sql<Row>`
        select ${columnsOf(table)} from ${sql.table(table.name)} ${after} order by ${key} limit ${batchRows}`.execute(
        tx,
      );
      if (rows.length > 0) yield rows;
      last = rows.at(-1);
      if (rows.length < batchRows) return;
    }
  },

  /** Through a cursor: its indexes may be in the order of some language, and to sort once is enough. */
  async *postgres(tx, table) {
    const key = table.key.map((column) =>
      table.columns.get(column) === "text" ? sql`${sql.ref(column)} collate "C"` : sql.ref(column),
    );
    const cursor = sql.id(`rows_of_${table.name}`);
    await sql`declare ${cursor} no scroll cursor for
      select ${columnsOf(table)} from ${sql.table(table.name)} order by ${sql.join(key)}`.execute(tx);
    for (;;) {
      const { rows } = await sql<Row>`fetch forward ${sql.lit(batchRows)} from ${cursor}`.execute(tx);
      if (rows.length > 0) yield rows;
      if (rows.length < batchRows) break;
    }
    await sql`close ${cursor}`.execute(tx);
  },
};

/**
 * The highest number that a table has given. On PostgreSQL, where numbers go with transactions that are undone, it is
 * the highest that is there.
 */
async function lastNumber(tx: Kysely<unknown>, kind: Storage["kind"], table: string, column: string): Promise<number> {
  const { rows } =
    kind === "sqlite"
      ? await sql<{ last: number }>`select seq as last from sqlite_sequence where name = ${table}`.execute(tx)
      : await sql<{ last: number | null }>`select max(${sql.ref(column)}) as last from ${sql.table(table)}`.execute(tx);
  return rows[0]?.last ?? 0;
}

function columnsOf(table: Table): RawBuilder<unknown> {
  return sql.join([...table.columns.keys()].map((column) => sql.ref(column)));
}

async function create(file: string, lines: AsyncIterable<string>): Promise<boolean> {
  try {
    return await createFile(file, lines, 0o600);
  } catch (error) {
    // Whatever the database says is told as it is.
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new ArchiveError("archive_unwritable", `the archive ${file} cannot be written (${codeOf(error)})`);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function taken(file: string): ArchiveError {
  return new ArchiveError("archive_exists", `the file ${file} is there already`);
}
