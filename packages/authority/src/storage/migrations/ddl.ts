import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, type RawBuilder } from "kysely";

/** The kinds of column that both databases have. Times and truths are integers, ids and JSON are text. */
export type ColumnKind = "text" | "integer" | "bytes";

type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

/** One source of tables for SQLite and PostgreSQL. It adds nothing to Kysely but what the two call differently. */
export interface Ddl {
  readonly db: Kysely<unknown>;
  /** A table whose columns take nothing but their own type, on SQLite too. */
  table(name: string): CreateTableBuilder<string>;
  type(kind: ColumnKind): RawBuilder<unknown>;
  /** Definition of a primary key that counts up and is never used twice. */
  readonly counted: Column;
  /** Makes the database itself refuse to change or remove a row of the table. */
  appendOnly(table: string): Promise<void>;
}

/** What one database calls things. */
interface Words {
  readonly types: Readonly<Record<ColumnKind, string>>;
  readonly tableEnd: string;
  readonly counted: Column;
  appendOnly(table: string): readonly RawBuilder<unknown>[];
}

const sqlite: Words = {
  types: { text: "text", integer: "integer", bytes: "blob" },
  tableEnd: "strict",
  counted: (column) => column.primaryKey().autoIncrement(),
  appendOnly: (table) =>
    ["update", "delete"].map(
      (change) => sql`create trigger ${sql.id(`${table}_no_${change}`)} before ${sql.raw(change)} on ${sql.table(table)}
        begin select raise(abort, ${sql.lit(`${table} is append-only`)}); end`,
    ),
};

const postgres: Words = {
  types: { text: "text", integer: "bigint", bytes: "bytea" },
  tableEnd: "",
  counted: (column) => column.primaryKey().generatedAlwaysAsIdentity(),
  appendOnly: (table) => [
    sql`create function ${sql.id(`${table}_refuse`)}() returns trigger language plpgsql as
      $$ begin raise integrity_constraint_violation using message = ${sql.lit(`${table} is append-only`)}; end $$`,
    sql`create trigger ${sql.id(`${table}_no_change`)} before update or delete or truncate on ${sql.table(table)}
      for each statement execute function ${sql.id(`${table}_refuse`)}()`,
  ],
};

const words = { sqlite, postgres } as const;

/** @param db a transaction, so that a migration is whole or not at all */
export function ddlOver(db: Kysely<unknown>, kind: keyof typeof words): Ddl {
  const { types, tableEnd, counted, appendOnly } = words[kind];
  return {
    db,
    counted,
    table: (name) => db.schema.createTable(name).modifyEnd(sql.raw(tableEnd)),
    type: (columnKind) => sql.raw(types[columnKind]),
    async appendOnly(table) {
      for (const statement of appendOnly(table)) await statement.execute(db);
    },
  };
}

/** A check that a text column holds one of these words. */
export function oneOf(column: string, values: readonly string[]): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} in (${sql.join(values.map((value) => sql.lit(value)))})`;
}

/** A check that an integer column holds 0 or 1. */
export function truth(column: string): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} in (0, 1)`;
}
