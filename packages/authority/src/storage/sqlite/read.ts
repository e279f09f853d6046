import { existsSync } from "node:fs";
import { sql } from "kysely";
import { StorageError } from "../errors.js";
import type { Schema } from "../schema.js";
import type { Reader } from "../storage.js";
import { SqliteConnection } from "./database.js";
import { kyselyOver } from "./dialect.js";
import { loadEngine } from "./provider.js";

/** A database that is looked at and not served: no lock is taken, no step of the schema applied, nothing written. */
export interface ReadDatabase {
  readonly read: Reader;
  /** The highest id that an audit event was ever given here, whether the event is still there or not. */
  highestEventId(): Promise<number>;
  close(): void;
}

/** Blocks for so long while another program holds the file: only its recovery does. */
const busyMs = 1_000;

/**
 * Opens a data file to read it: of a stopped authority, of one that runs, or a copy.
 *
 * @throws StorageError `storage_failed` where there is no database
 */
export async function readSqlite(path: string): Promise<ReadDatabase> {
  // The engine would make an empty one.
  if (!existsSync(path)) throw new StorageError("storage_failed", `There is no database at ${path}.`);
  const connection = new SqliteConnection(await loadEngine(), path, busyMs);
  try {
    connection.execute("pragma query_only = on");
    connection.execute("pragma trusted_schema = off");
    const read = kyselyOver<Schema>(connection);
    return {
      read,
      async highestEventId() {
        const { rows } = await sql<{
          seq: number;
        }>`select seq from sqlite_sequence where name = 'audit_events'`.execute(read);
        return rows[0]?.seq ?? 0;
      },
      close: () => connection.close(),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}
