import { rm } from "node:fs/promises";
import { CardeaError } from "@cardea/core";
import { parseJson } from "@cardea/core/serve";
import { codeOf, readFileIfAny, replaceFile } from "../keys/durable-file.js";

/** What was generated, in the shape of the house file with names as keys. */
export interface Credentials {
  readonly accounts: Readonly<Record<string, AccountCredentials>>;
}

export interface AccountCredentials {
  readonly password?: string;
  /** Base32. */
  readonly totp?: string;
}

/**
 * Adds generated secrets to the credentials file. When this resolves they are on the disk, readable by their owner
 * alone; what else stood in the file is still there.
 *
 * @returns puts the file back as it was, for when what the secrets are for did not come to be
 * @throws CardeaError `credentials_unwritable`; the file is as it was
 */
export async function writeCredentials(path: string, credentials: Credentials): Promise<() => Promise<void>> {
  try {
    const before = await readFileIfAny(path);
    const present = before.found ? parseJson(Buffer.from(before.text)) : {};
    if (!isObject(present)) throw new TypeError("not an object");
    await replaceFile(path, `${JSON.stringify(merge(present, credentials), undefined, 2)}\n`, 0o600);
    return () => (before.found ? replaceFile(path, before.text, 0o600) : rm(path, { force: true }));
  } catch (error) {
    const why = codeOf(error) ?? "what is there is no credentials file";
    throw new CardeaError(`the credentials file ${path} cannot be written (${why})`, {
      code: "credentials_unwritable",
      help: "Choose another path with --credentials-out. Nothing was changed.",
    });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is new wins, member by member. */
function merge(present: object, added: object): Record<string, unknown> {
  const merged = new Map<string, unknown>(Object.entries(present));
  for (const [key, value] of Object.entries(added)) {
    const before = merged.get(key);
    merged.set(key, isObject(before) && isObject(value) ? merge(before, value) : value);
  }
  return Object.fromEntries(merged);
}
