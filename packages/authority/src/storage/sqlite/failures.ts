import { StorageError, type StorageCode } from "../errors.js";

/** What the primary result codes of SQLite mean to us. https://sqlite.org/rescode.html */
const meanings: Readonly<Record<number, readonly [code: StorageCode, says: string]>> = {
  1: ["storage_failed", "refused a statement"],
  5: ["storage_busy", "is locked by another program"],
  6: ["storage_busy", "is locked by another connection"],
  8: ["storage_read_only", "cannot be written to"],
  10: ["storage_failed", "cannot be read or written: the disk reports an error"],
  11: ["storage_failed", "is damaged"],
  13: ["storage_full", "cannot grow: the disk is full"],
  14: ["storage_failed", "cannot be opened: see that the folder exists and that this user may read and write in it"],
  19: ["constraint_violated", "refused a write that breaks a constraint"],
  26: ["storage_failed", "is not a database: give another path, or move the file away"],
};

/** Where the engine's own message names tables, columns and words of SQL, and never a value. */
const telling: readonly number[] = [1, 19];

/** The engine's error in our words. */
export function storageFailure(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  const database = `The database ${path}`;
  if (code === "ERR_INVALID_STATE") return new StorageError("storage_closed", `${database} is closed.`);
  if (typeof errcode !== "number") return new StorageError("storage_failed", `${database} gave what cannot be read.`);
  const primary = errcode & 0xff;
  const [meaning, says] = meanings[primary] ?? ["storage_failed", "failed"];
  const detail = telling.includes(primary) ? `: ${String(message)}` : "";
  return new StorageError(meaning, `${database} ${says}${detail} (SQLite code ${errcode}).`);
}
