import { open } from "node:fs/promises";

/** Windows tells nothing true about group and others. */
const ownersExist = process.platform !== "win32";

/** A file as it was read. */
export interface ReadFile {
  /** At most one byte more than the limit: then the file is too large. */
  readonly bytes: Uint8Array;
  /** Somebody besides the owner may read or change it. */
  readonly exposed: boolean;
}

/** Reads a file that somebody else has written, and no more of it than `limit` bytes and one. */
export async function readBounded(path: string, limit: number): Promise<ReadFile> {
  const handle = await open(path, "r");
  try {
    const { mode } = await handle.stat();
    const chunks: Uint8Array[] = [];
    // `end` counts from 0 and is read too.
    for await (const chunk of handle.createReadStream({ end: limit, autoClose: false }))
      chunks.push(chunk as Uint8Array);
    return { bytes: Buffer.concat(chunks), exposed: ownersExist && (mode & 0o077) !== 0 };
  } finally {
    await handle.close();
  }
}
