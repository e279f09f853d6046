import { randomBytes } from "node:crypto";
import { link, mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

/** Windows tells nothing true about owner, group and others, and cannot open a folder. */
const ownersExist = process.platform !== "win32";

/** Who may read a file. */
export type Mode = 0o600 | 0o644;

/** What goes into a file; piece by piece where it is long. */
export type Text = string | AsyncIterable<string>;

export type FileContent =
  | {
      readonly found: true;
      readonly text: string;
      /** Somebody besides the owner may read or write it. */
      readonly exposed: boolean;
    }
  | { readonly found: false };

/** Reads a whole file as UTF-8. @throws the error of the system where there is a file that cannot be read */
export async function readFileIfAny(path: string): Promise<FileContent> {
  try {
    // Mode and content come from one handle, so they belong to the same file.
    return await withHandle(await open(path, "r"), async (handle) => {
      const { mode } = await handle.stat();
      return { found: true, text: await handle.readFile("utf8"), exposed: ownersExist && (mode & 0o077) !== 0 };
    });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { found: false };
    throw error;
  }
}

/**
 * Makes a file that is there in whole or not at all, also after a loss of power. Never overwrites.
 *
 * @returns false where there is a file of this name already
 */
export async function createFile(path: string, text: Text, mode: Mode): Promise<boolean> {
  return await place(path, text, mode, async (fresh) => {
    try {
      await link(fresh, path);
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** Makes or replaces a file: at every moment there is the old one or the new one in whole. */
export async function replaceFile(path: string, text: string, mode: Mode): Promise<void> {
  await place(path, text, mode, async (fresh) => {
    await rename(fresh, path);
  });
}

/** Gives a file another name in its folder, in place of what has that name: at every moment there is one or the other. */
export async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Writes a file beside `path` and lets `settle` give it its name. */
async function place<T>(path: string, text: Text, mode: Mode, settle: (fresh: string) => Promise<T>): Promise<T> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const fresh = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    await withHandle(await open(fresh, "wx", mode), async (handle) => {
      // Each piece goes where the one before it has ended.
      for await (const piece of typeof text === "string" ? [text] : text) await handle.writeFile(piece);
      await handle.sync();
    });
    const outcome = await settle(fresh);
    await syncFolder(folder);
    return outcome;
  } finally {
    await rm(fresh, { force: true });
  }
}

/** A new name is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  if (!ownersExist) return;
  await withHandle(await open(folder, "r"), (handle) => handle.sync());
}

async function withHandle<T>(handle: FileHandle, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/** The code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
