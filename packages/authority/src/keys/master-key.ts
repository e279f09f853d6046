import { randomBytes } from "node:crypto";
import { CardeaError } from "@cardea/core";
import { codeOf, createFile, moveFile, readFileIfAny } from "./durable-file.js";

/** Bytes of a master key. In its file they stand as hex. */
export const masterKeyBytes = 32;

export interface MasterKeyOptions {
  /** Whether the database holds what a master key has sealed: then a missing one is never replaced by a new one. */
  readonly expected: boolean;
  /** Default: the random of the system. */
  readonly random?: (bytes: number) => Uint8Array;
}

/**
 * The key that everything sealed in the database depends on. It is made at the first start, readable by its owner
 * alone, and never overwritten: of two processes that start at once both get the same.
 *
 * @throws CardeaError `master_key_missing`, `master_key_exposed`, `master_key_malformed`, `master_key_unreadable`,
 * `master_key_unwritable`
 */
export async function loadMasterKey(path: string, options: MasterKeyOptions): Promise<Uint8Array> {
  const present = await read(path);
  if (present !== undefined) return present;
  if (!options.expected) {
    const key = (options.random ?? randomBytes)(masterKeyBytes);
    await create(path, Buffer.from(key).toString("hex"));
    key.fill(0);
    // Another process may have been first: what the file holds is what counts.
    const made = await read(path);
    if (made !== undefined) return made;
  }
  throw new CardeaError(`there is no master key at ${path}, and what is sealed needs one`, {
    code: "master_key_missing",
    help: "Put the master key of this database back from your backup. Without it nothing sealed can be opened.",
  });
}

/** Where the key waits that is to follow the one at `path`. */
const nextOf = (path: string) => `${path}.next`;

/**
 * The key that is to follow the one at `path`. It is on the disk, beside it, before anything is wrapped by it; one that
 * an exchange has left behind which was cut off is taken again.
 *
 * @throws CardeaError as `loadMasterKey` does
 */
export function prepareNextMasterKey(
  path: string,
  options: Pick<MasterKeyOptions, "random"> = {},
): Promise<Uint8Array> {
  return loadMasterKey(nextOf(path), { ...options, expected: false });
}

/** The key that waits to follow the one at `path`, if any. @throws CardeaError as `loadMasterKey` does */
export function findNextMasterKey(path: string): Promise<Uint8Array | undefined> {
  return read(nextOf(path));
}

/**
 * Puts the next key in the place of the one at `path`, which is gone then. Nothing happens where another process has
 * done so already.
 *
 * @throws CardeaError `master_key_unwritable`
 */
export async function adoptNextMasterKey(path: string): Promise<void> {
  try {
    await moveFile(nextOf(path), path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw unwritable(path, error);
  }
}

async function read(path: string): Promise<Uint8Array | undefined> {
  const content = await readFileIfAny(path).catch((error: unknown) => {
    throw new CardeaError(`the master key at ${path} cannot be read (${codeOf(error) ?? "unknown error"})`, {
      code: "master_key_unreadable",
      help: "Run Cardea as the user that owns the file.",
    });
  });
  if (!content.found) return undefined;
  if (content.exposed) {
    throw new CardeaError(`the master key at ${path} can be read by others than its owner`, {
      code: "master_key_exposed",
      help: `Take the rights of others away: chmod 600 '${path}'. Where others may have read it, it is no secret any more.`,
    });
  }
  const hex = /^([0-9a-f]{64})\r?\n?$/.exec(content.text)?.[1];
  if (hex === undefined) {
    throw new CardeaError(`the file ${path} does not hold a master key: expected ${masterKeyBytes * 2} hex digits`, {
      code: "master_key_malformed",
      help: "Put the master key of this database back from your backup.",
    });
  }
  return new Uint8Array(Buffer.from(hex, "hex"));
}

async function create(path: string, hex: string): Promise<void> {
  try {
    await createFile(path, `${hex}\n`, 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): CardeaError {
  return new CardeaError(`the master key cannot be written to ${path} (${codeOf(error) ?? "unknown error"})`, {
    code: "master_key_unwritable",
    help: "Choose a data folder that this user can write to.",
  });
}
