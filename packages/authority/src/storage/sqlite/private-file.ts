import { chmodSync, closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { StorageError, type StorageCode } from "../errors.js";

/** Only the user that runs the authority may read it. SQLite gives its other files the same mode. */
const privateMode = 0o600;

const refusals: Readonly<Record<string, readonly [code: StorageCode, says: (path: string) => string]>> = {
  ENOENT: ["storage_failed", (path) => `The folder ${dirname(path)} does not exist: make it first.`],
  ENOTDIR: ["storage_failed", (path) => `${dirname(path)} is not a folder: give a path in one.`],
  EACCES: ["storage_read_only", (path) => `This user may not write in the folder ${dirname(path)}.`],
  EPERM: ["storage_read_only", (path) => `${path} belongs to another user.`],
  EROFS: ["storage_read_only", (path) => `The folder ${dirname(path)} is on a disk that is mounted read-only.`],
  ENOSPC: ["storage_full", (path) => `The disk that holds ${dirname(path)} is full.`],
};

/**
 * Makes an empty file with mode 0600, or sets that mode where the file exists. It never opens a file that exists: to
 * close it again would drop the locks that this process holds on it.
 *
 * @throws StorageError
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", privateMode));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw refusal(error, path);
    tighten(path);
  }
}

function tighten(path: string): void {
  try {
    chmodSync(path, privateMode);
  } catch (error) {
    throw refusal(error, path);
  }
}

function refusal(error: unknown, path: string): StorageError {
  const reason = (error as NodeJS.ErrnoException).code ?? "an unknown error";
  const [code, says] = refusals[reason] ?? ["storage_failed", () => `The file ${path} cannot be made: ${reason}.`];
  return new StorageError(code, says(path));
}
