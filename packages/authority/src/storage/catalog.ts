import { sql, type Kysely } from "kysely";
import { StorageError } from "./errors.js";
import type { ColumnKind } from "./migrations/ddl.js";
import type { Storage } from "./storage.js";

/** A table as the database itself describes it. */
export interface Table {
  readonly name: string;
  /** By name, in the order of their names. */
  readonly columns: ReadonlyMap<string, ColumnKind>;
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** The column that counts up by itself, if one does. */
  readonly counted?: string;
}

interface ColumnRow {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** Place in the primary key; null or 0 where it is not in it. */
  readonly key: number | null;
  readonly counted: number;
}

interface ReferenceRow {
  readonly child: string;
  readonly parent: string;
}

/** What the two databases answer to the same two questions. */
const questions = {
  sqlite: {
    columns: sql<ColumnRow>`
      select t.name as "table", c.name as "column", lower(c.type) as type, c.pk as "key",
        c.pk > 0 and lower(t.sql) like '%autoincrement%' as counted
      from sqlite_schema t join pragma_table_info(t.name) c
      where t.type = 'table' and t.name not like 'sqlite%'`,
    references: sql<ReferenceRow>`
      select t.name as child, f."table" as parent
      from sqlite_schema t join pragma_foreign_key_list(t.name) f
      where t.type = 'table'`,
  },
  postgres: {
    columns: sql<ColumnRow>`
      select t.relname as "table", c.attname as "column", format_type(c.atttypid, null) as type,
        array_position(k.conkey, c.attnum) as "key", (c.attidentity <> '')::int as counted
      from pg_class t
        join pg_attribute c on c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped
        left join pg_constraint k on k.conrelid = t.oid and k.contype = 'p'
      where t.relkind = 'r' and t.relnamespace = current_schema()::regnamespace`,
    references: sql<ReferenceRow>`
      select child.relname as child, parent.relname as parent
      from pg_constraint f
        join pg_class child on child.oid = f.conrelid
        join pg_class parent on parent.oid = f.confrelid
      where f.contype = 'f' and child.relnamespace = current_schema()::regnamespace`,
  },
} as const;

const kinds: Readonly<Record<string, ColumnKind>> = {
  text: "text",
  integer: "integer",
  bigint: "integer",
  blob: "bytes",
  bytea: "bytes",
};

/**
 * Every table that there is, those that others refer to first, and otherwise by name: the same order in every database
 * with the same schema.
 *
 * @throws StorageError `storage_failed` for what none of our migrations makes
 */
export async function readCatalog(db: Kysely<unknown>, kind: Storage["kind"]): Promise<readonly Table[]> {
  const { rows: columns } = await questions[kind].columns.execute(db);
  const { rows: references } = await questions[kind].references.execute(db);
  const names = [...new Set(columns.map((row) => row.table))].sort();
  const tables = names.map((name) =>
    tableOf(
      name,
      columns.filter((row) => row.table === name),
    ),
  );
  return parentsFirst(tables, references);
}

function tableOf(name: string, rows: readonly ColumnRow[]): Table {
  const columns = rows.map(({ column, type }) => {
    const columnKind = kinds[type];
    if (columnKind === undefined) throw unfit(`the column ${name}.${column} has the type ${type}`);
    return [column, columnKind] as const;
  });
  const placed = rows.filter(({ key }) => key !== null && key > 0);
  if (placed.length === 0) throw unfit(`the table ${name} has no primary key`);
  const counted = rows.find((row) => row.counted === 1)?.column;
  return {
    name,
    columns: new Map(columns.sort(([a], [b]) => (a < b ? -1 : 1))),
    key: placed.sort((a, b) => Number(a.key) - Number(b.key)).map(({ column }) => column),
    ...(counted !== undefined && { counted }),
  };
}

function parentsFirst(tables: readonly Table[], references: readonly ReferenceRow[]): Table[] {
  const ordered: Table[] = [];
  const waiting = [...tables];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ name }) =>
      references.every(({ child, parent }) => child !== name || !waiting.some((other) => other.name === parent)),
    );
    const [table] = waiting.splice(next, 1);
    if (next === -1 || table === undefined) throw unfit("its tables refer to one another in a circle");
    ordered.push(table);
  }
  return ordered;
}

function unfit(what: string): StorageError {
  return new StorageError("storage_failed", `This database cannot be read as one of Cardea's: ${what}.`);
}
