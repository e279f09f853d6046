import type { Clock } from "@cardea/core";
import type { Kysely } from "kysely";
import type { MigrationSet } from "./migrations/migrate.js";
import { openPostgres, openPostgresAlone } from "./postgres/open.js";
import { readPostgres } from "./postgres/read.js";
import { openSqlite, openSqliteAlone } from "./sqlite/open.js";
import { readSqlite, type ReadDatabase } from "./sqlite/read.js";
import type { Storage } from "./storage.js";

/** Whether a database is named by URL, and thus served by PostgreSQL. Anything else is the path of a file. */
export function isPostgresUrl(database: string): boolean {
  return /^postgres(ql)?:\/\//i.test(database);
}

/**
 * Opens the database that an operator has named, and brings its schema up to date.
 *
 * @param options.database `postgres://user@host/database`, a path, or `:memory:`
 * @throws StorageError as `openPostgres` and `openSqlite` do
 */
export async function openStorage({
  database,
  ...options
}: {
  readonly database: string;
  readonly clock: Clock;
  readonly migrations?: readonly MigrationSet[];
}): Promise<Storage> {
  return isPostgresUrl(database)
    ? openPostgres({ ...options, url: database })
    : openSqlite({ ...options, path: database });
}

/** A database in the hands of one program, to be carried elsewhere or filled. */
export interface WholeDatabase {
  readonly kind: Storage["kind"];
  /** Everything in one connection, transactions too. */
  readonly db: Kysely<unknown>;
  close(): Promise<void>;
}

/**
 * Opens a database as it is, whatever its schema. Nobody else changes the schema meanwhile; an embedded database is
 * served by nobody else at all.
 *
 * @throws StorageError as `openPostgres` and `openSqlite` do
 */
export async function openWhole(database: string): Promise<WholeDatabase> {
  return isPostgresUrl(database)
    ? { kind: "postgres", ...(await openPostgresAlone(database)) }
    : { kind: "sqlite", ...(await openSqliteAlone(database)) };
}

/** Opens a database to read it: of a stopped authority, or of one that runs. @throws StorageError */
export async function readDatabase(database: string): Promise<ReadDatabase> {
  return isPostgresUrl(database) ? readPostgres(database) : readSqlite(database);
}
