import { rm } from "node:fs/promises";
import { replaceFile } from "./keys/durable-file.js";

/** What a program that waits for an authority finds, once every listener answers. */
export interface Ready {
  readonly pid: number;
  /** Path of the CA's certificate; absent with an operator's own. */
  readonly caCert?: string;
  /** Base URL by wire. */
  readonly urls: Readonly<Record<string, unknown>>;
  /** What unmodified clients want in their environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Writes the file at once or not at all. */
export async function writeReadyFile(path: string, ready: Ready): Promise<void> {
  await replaceFile(path, `${JSON.stringify(ready, undefined, 2)}\n`, 0o644);
}

export async function removeReadyFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
