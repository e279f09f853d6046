import { StorageError } from "../errors.js";
import { SqliteConnection } from "./database.js";
import type { Engine } from "./provider.js";
import { createPrivateFile } from "./private-file.js";

/**
 * Makes this the only process that serves the database.
 *
 * The lock is an open exclusive transaction on an empty database beside it, thus a lock of the operating system: it is
 * gone the moment its holder is, also after a kill, and nobody has to judge whether a holder is still alive.
 *
 * @returns closing it gives the lock back
 * @throws StorageError `storage_in_use`
 */
export function holdDatabase(engine: Engine, path: string): { close(): void } {
  const lockPath = `${path}-lock`;
  createPrivateFile(lockPath);
  const lock = new SqliteConnection(engine, lockPath, 0);
  try {
    // Nothing is ever written to it, so it needs no journal beside it.
    lock.execute("pragma journal_mode = memory");
    lock.execute("begin exclusive");
  } catch (error) {
    lock.close();
    if (error instanceof StorageError && error.code === "storage_busy") {
      throw new StorageError("storage_in_use", `The database ${path} is served by another process already.`);
    }
    throw error;
  }
  return {
    close() {
      // Not every engine lets go of a file before its statements are collected.
      lock.execute("rollback");
      lock.close();
    },
  };
}
