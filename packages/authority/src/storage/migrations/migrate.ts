import type { Kysely } from "kysely";
import { StorageError } from "../errors.js";
import { ddlOver, type Ddl } from "./ddl.js";

/** One step of a schema. It is never changed once it was released: a correction is a further step. */
export interface Migration {
  /** Counts from 1 within its set, without gaps. */
  readonly number: number;
  readonly name: string;
  up(ddl: Ddl): Promise<void>;
}

/** The steps of one owner of tables: the identity core, or a wire. */
export interface MigrationSet {
  readonly set: string;
  readonly migrations: readonly Migration[];
}

/** A step by its names, as the database keeps it. */
export interface Step {
  readonly set: string;
  readonly number: number;
  readonly name: string;
}

/** The table that keeps which steps were done. It is about the database, and no part of a house. */
export const ledgerTable = "migrations";

type Ledger = {
  migrations: { set: string; number: number; name: string; applied_at: number };
};

/**
 * Brings a database up to date, each step in a transaction of its own. Steps that were applied before are left alone.
 *
 * @param sets every set of this build, also of wires that are not served now: one that is missing here and present in
 *   the database counts as newer
 * @throws StorageError `schema_too_new` where the database has steps that this build does not know
 */
export async function migrate(
  db: Kysely<unknown>,
  kind: "sqlite" | "postgres",
  sets: readonly MigrationSet[],
  now: () => number,
): Promise<void> {
  sets.forEach(checkNumbers);
  await db.transaction().execute((tx) => createLedger(ddlOver(tx, kind)));
  const applied = await stepsIn(db);
  for (const step of applied) refuseUnknown(step, sets);

  const done = new Set(applied.map(({ set, number }) => `${set} ${number}`));
  for (const { set, migrations } of sets) {
    for (const { number, name, up } of migrations) {
      if (done.has(`${set} ${number}`)) continue;
      await db.transaction().execute(async (tx) => {
        await up(ddlOver(tx, kind));
        await tx
          .withTables<Ledger>()
          .insertInto("migrations")
          .values({ set, number, name, applied_at: now() })
          .execute();
      });
    }
  }
}

/** The steps that a database has, in order. */
export async function stepsIn(db: Kysely<unknown>): Promise<readonly Step[]> {
  const rows = await db.withTables<Ledger>().selectFrom("migrations").select(["set", "number", "name"]).execute();
  return rows.sort((a, b) => (a.set === b.set ? a.number - b.number : a.set < b.set ? -1 : 1));
}

async function createLedger(ddl: Ddl): Promise<void> {
  await ddl
    .table("migrations")
    .ifNotExists()
    .addColumn("set", ddl.type("text"), (column) => column.notNull())
    .addColumn("number", ddl.type("integer"), (column) => column.notNull())
    .addColumn("name", ddl.type("text"), (column) => column.notNull())
    .addColumn("applied_at", ddl.type("integer"), (column) => column.notNull())
    .addPrimaryKeyConstraint("migrations_key", ["set", "number"])
    .execute();
}

function checkNumbers({ set, migrations }: MigrationSet): void {
  migrations.forEach(({ number, name }, index) => {
    if (number !== index + 1) throw new TypeError(`migration ${set} ${number} ${name} stands in place ${index + 1}`);
  });
}

function refuseUnknown(step: Step, sets: readonly MigrationSet[]): void {
  const known = sets.find(({ set }) => set === step.set)?.migrations[step.number - 1];
  if (known?.name === step.name) return;
  throw new StorageError(
    "schema_too_new",
    `The database was used by a newer version of Cardea: it knows step ${step.number} "${step.name}" of ${step.set}.`,
  );
}
