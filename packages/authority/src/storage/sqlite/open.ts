import { realpathSync } from "node:fs";
import type { Clock } from "@cardea/core";
import type { Kysely } from "kysely";
import { StorageError } from "../errors.js";
import { identityMigrations } from "../migrations/identity.js";
import { migrate, type MigrationSet } from "../migrations/migrate.js";
import type { Schema } from "../schema.js";
import type { Storage } from "../storage.js";
import { SqliteConnection } from "./database.js";
import { kyselyOver, type Executes } from "./dialect.js";
import { holdDatabase } from "./lock.js";
import { createPrivateFile } from "./private-file.js";
import { loadEngine, type Engine, type SqliteProvider } from "./provider.js";
import { Units, type Durability } from "./units.js";
import { WriteAheadLog } from "./write-ahead-log.js";

export interface SqliteOptions {
  /** The data file; made with mode 0600 where there is none. Or `:memory:`, which nothing outlives: for tests. */
  readonly path: string;
  readonly clock: Pick<Clock, "now">;
  /** Of the wires. The identity core's own always come first. */
  readonly migrations?: readonly MigrationSet[];
  /** Units that may wait before `storage_busy`. Default 10,000. */
  readonly queuedUnits?: number;
  /** This engine and no other. Default: the best that the runtime has. */
  readonly provider?: SqliteProvider;
}

/** Units that share a commit. More would save little, and keep the event loop from everybody else for longer. */
const groupedUnits = 64;

/** Only programs outside the authority ever hold the file, for moments: a backup, somebody's shell. */
const busyMs = 1_000;

/**
 * Opens the embedded database, brings its schema up to date, and serves it alone: one process a data file.
 *
 * What a unit wrote is on the disk when the unit resolves. No hand is needed after a crash.
 *
 * @throws StorageError `storage_in_use` where another process serves the file, `schema_too_new`, `storage_read_only`,
 *   `storage_full`, `storage_failed`
 */
export async function openSqlite(options: SqliteOptions): Promise<Storage> {
  const engine = await loadEngine(options.provider);
  const opened: Opened = [];
  try {
    const migrated = (writer: SqliteConnection) =>
      migrate(kyselyOver<unknown>(writer), "sqlite", [identityMigrations, ...(options.migrations ?? [])], () =>
        options.clock.now(),
      );
    const { writer, reader, durability } =
      options.path === ":memory:"
        ? await openMemory(engine, opened, migrated)
        : await openFile(engine, options, opened, migrated);
    const limits = { queued: options.queuedUnits ?? 10_000, grouped: groupedUnits };
    return storageOver(new Units(writer, durability, limits), durability, kyselyOver<Schema>(reader), opened);
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

function storageOver(units: Units, durability: Durability, read: Kysely<Schema>, opened: Opened): Storage {
  return {
    kind: "sqlite",
    unit: (work) => units.run(work),
    read,
    version: () => units.version,
    async ping() {
      durability.check();
      await read.selectFrom("settings").select("name").limit(1).execute();
    },
    async close() {
      await units.close();
      await closeAll(opened);
    },
  };
}

/**
 * The embedded database in one connection, for a program that is its only user.
 *
 * @throws StorageError as `openSqlite` does
 */
export async function openSqliteAlone(path: string): Promise<{ readonly db: Kysely<unknown>; close(): Promise<void> }> {
  const opened: Opened = [];
  try {
    const { writer } = openWriter(await loadEngine(), path, opened);
    return { db: kyselyOver<unknown>(writer), close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** What is to be closed, in the order in which it was opened. */
type Opened = { close(): void | Promise<void> }[];

async function closeAll(opened: Opened): Promise<void> {
  for (const one of opened.splice(0).reverse()) await one.close();
}

interface Connections {
  readonly writer: SqliteConnection;
  readonly reader: Executes;
  readonly durability: Durability;
}

type Migrated = (writer: SqliteConnection) => Promise<void>;

async function openFile(
  engine: Engine,
  { path, provider }: SqliteOptions,
  opened: Opened,
  migrated: Migrated,
): Promise<Connections> {
  const { writer, file } = openWriter(engine, path, opened);
  const reading = new SqliteConnection(engine, file, busyMs);
  opened.push(reading);
  reading.execute("pragma query_only = on");
  await migrated(writer);

  // From here on a commit does not wait for the disk by itself: the log does, before anybody is told.
  writer.execute("pragma synchronous = normal");
  writer.execute("pragma wal_autocheckpoint = 0");
  const log = new WriteAheadLog(file, reading, provider);
  opened.push(log);
  return { writer, reader: new ReadOnly(reading, (read) => log.read(read)), durability: log };
}

/** In memory a commit is as durable as it will ever be, and reads look at no other copy. */
const nothingToKeep: Durability = {
  check() {},
  hold() {},
  release() {},
  async reach() {},
  async tidy() {},
};

/** @returns the connection, and the file by its real name */
function openWriter(
  engine: Engine,
  path: string,
  opened: Opened,
): { readonly writer: SqliteConnection; readonly file: string } {
  createPrivateFile(path);
  // One file, one lock, whatever name it is called by.
  const file = realpathSync(path);
  opened.push(holdDatabase(engine, file));

  const writer = new SqliteConnection(engine, file, busyMs);
  opened.push({ close: () => closeWhole(writer) });
  const { rows } = writer.execute("pragma journal_mode = wal");
  if ((rows[0] as { journal_mode?: unknown } | undefined)?.journal_mode !== "wal") {
    throw new StorageError("storage_failed", `The disk that holds ${file} cannot share memory between connections.`);
  }
  makeStrict(writer);
  return { writer, file };
}

/** Leaves everything in the one data file, so that a copy of it is a backup. The engine may let go of its files later. */
function closeWhole(writer: SqliteConnection): void {
  try {
    writer.execute("pragma wal_checkpoint(truncate)");
  } catch {
    // Nothing is lost: the next start finds in the log beside the file what did not go into it.
  }
  writer.close();
}

/** Both sides share the one connection there is. Between two macrotasks a group of units is whole or not begun. */
async function openMemory(engine: Engine, opened: Opened, migrated: Migrated): Promise<Connections> {
  const writer = new SqliteConnection(engine, ":memory:", busyMs);
  opened.push(writer);
  makeStrict(writer);
  await migrated(writer);
  const guarded = new ReadOnly(writer, (read) => {
    writer.execute("pragma query_only = on");
    try {
      return read();
    } finally {
      writer.execute("pragma query_only = off");
    }
  });
  return { writer, reader: guarded, durability: nothingToKeep };
}

function makeStrict(writer: SqliteConnection): void {
  // Every commit is on the disk before it is told.
  writer.execute("pragma synchronous = full");
  writer.execute("pragma foreign_keys = on");
  // Else a REPLACE removes rows without the triggers that protect them.
  writer.execute("pragma recursive_triggers = on");
  // Functions with effects cannot hide in a schema that somebody else has written.
  writer.execute("pragma trusted_schema = off");
}

/** The reading side. It says itself why it does not write: the engine would blame the file. */
class ReadOnly implements Executes {
  readonly #connection: SqliteConnection;
  readonly #guard: <T>(read: () => T) => T;

  constructor(connection: SqliteConnection, guard: <T>(read: () => T) => T) {
    this.#connection = connection;
    this.#guard = guard;
  }

  execute: Executes["execute"] = (sql, parameters) => {
    try {
      return this.#guard(() => this.#connection.execute(sql, parameters));
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== "storage_read_only") throw error;
      throw new StorageError("storage_read_only", "A read tried to write: writes go through a unit.");
    }
  };
}
