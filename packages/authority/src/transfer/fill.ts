import type { Clock } from "@cardea/core";
import { sql, type Kysely } from "kysely";
import { readCatalog, type Table } from "../storage/catalog.js";
import { identityMigrations } from "../storage/migrations/identity.js";
import { ledgerTable, migrate, type MigrationSet, type Step } from "../storage/migrations/migrate.js";
import { openWhole, type WholeDatabase } from "../storage/open.js";
import type { Storage } from "../storage/storage.js";
import { ArchiveError } from "./archive-error.js";
import { decodeCell, type ArchiveSummary, type CellValue } from "./format.js";
import { readArchive, type Heading, type Receiver } from "./read.js";

/**
 * Fills an empty database with the house of an archive: with all of it, or with nothing. The schema becomes that of the
 * archive; the next start brings it up to date.
 *
 * @param options.migrations of the wires. The identity core's own always come first.
 * @throws ArchiveError `archive_damaged`, `archive_too_new`, `archive_unreadable`, `house_not_empty`
 * @throws StorageError as to open the database does
 */
export async function fillFromArchive(options: {
  readonly database: string;
  readonly file: string;
  readonly migrations: readonly MigrationSet[];
  readonly clock: Pick<Clock, "now">;
}): Promise<ArchiveSummary> {
  const { database, file, clock } = options;
  // Read twice: a broken archive leaves no trace, not even an empty database.
  const { header } = await readArchive(file);
  const migrations = setsAsOf([identityMigrations, ...options.migrations], header.migrations);
  const whole = await openWhole(database);
  try {
    await requireEmpty(whole);
    await migrate(whole.db, whole.kind, migrations, () => clock.now());
    const tables = await readCatalog(whole.db, whole.kind);
    return await whole.db.transaction().execute(async (tx) => {
      const { summary } = await readArchive(file, receiverIn(tx, whole.kind, tables));
      return summary;
    });
  } finally {
    await whole.close();
  }
}

/** The steps that made the schema of the archive, and no further ones. */
function setsAsOf(sets: readonly MigrationSet[], steps: readonly Step[]): MigrationSet[] {
  for (const { set, number, name } of steps) {
    const known = sets.find((one) => one.set === set)?.migrations[number - 1];
    if (known?.name === name) continue;
    throw new ArchiveError(
      "archive_too_new",
      `the archive has step ${number} "${name}" of ${set}, which is not known here`,
    );
  }
  return sets.map(({ set, migrations }) => ({
    set,
    migrations: migrations.filter(({ number }) => steps.some((step) => step.set === set && step.number === number)),
  }));
}

async function requireEmpty({ db, kind }: WholeDatabase): Promise<void> {
  for (const { name } of await readCatalog(db, kind)) {
    const { rows } = await sql`select 1 from ${sql.table(name)} limit 1`.execute(db);
    if (rows.length > 0) throw new ArchiveError("house_not_empty", `the database is not empty: it has rows in ${name}`);
  }
}

function receiverIn(tx: Kysely<unknown>, kind: Storage["kind"], tables: readonly Table[]): Receiver {
  return {
    async table(heading) {
      const { name, counted } = tableFor(heading, tables);
      if (counted !== undefined && heading.last !== undefined) await countOn[kind](tx, name, counted, heading.last);
    },
    async rows(heading, rows) {
      const table = tableFor(heading, tables);
      const columns = sql.join(heading.columns.map((column) => sql.ref(column)));
      // Else that database keeps to numbers of its own.
      const own = kind === "postgres" && table.counted !== undefined ? sql`overriding system value` : sql``;
      const values = rows.map((row) => sql`(${sql.join(cellsOf(row, heading, table))})`);
      await sql`insert into ${sql.table(table.name)} (${columns}) ${own} values ${sql.join(values)}`.execute(tx);
    },
  };
}

function tableFor({ table: name, columns }: Heading, tables: readonly Table[]): Table {
  const table = tables.find((one) => one.name === name && name !== ledgerTable);
  if (table !== undefined && columns.every((column) => table.columns.has(column))) return table;
  throw new ArchiveError("archive_damaged", `the table ${name} of the archive is not that of its version`);
}

function cellsOf(row: readonly unknown[], { columns }: Heading, table: Table): CellValue[] {
  return columns.map((column, at) => {
    const value = decodeCell(row[at], table.columns.get(column) ?? "text");
    if (value !== undefined) return value;
    throw new ArchiveError("archive_damaged", `a value of ${table.name}.${column} is of another kind than its column`);
  });
}

/** Lets a counted key go on after the last number that it gave in the other database. */
const countOn: Readonly<
  Record<Storage["kind"], (tx: Kysely<unknown>, table: string, column: string, last: number) => Promise<unknown>>
> = {
  sqlite: (tx, table, _column, last) =>
    sql`insert into sqlite_sequence (name, seq) values (${table}, ${last})`.execute(tx),
  postgres: async (tx, table, column, last) => {
    if (last > 0) await sql`select setval(pg_get_serial_sequence(${table}, ${column}), ${last})`.execute(tx);
  },
};
