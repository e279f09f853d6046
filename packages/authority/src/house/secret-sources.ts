import { dirname, resolve } from "node:path";
import { Secret } from "@cardea/core";
import { invalid, unreadable } from "./failures.js";
import type { SecretSource } from "./fields.js";
import { readBounded } from "./files.js";

const secretFileLimit = 64 * 1024;

/** Where secrets are looked for, and what is noticed meanwhile. */
export interface SecretPlaces {
  /** What messages call the house file. */
  readonly house: string;
  /** The folder that the paths of secret files start from. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what the operator should know. */
  warn(warning: string): void;
}

/** The folder of a house file. Without one, paths start where the process stands. */
export function folderOf(houseFile: string | undefined): string {
  return houseFile === undefined ? resolve() : dirname(resolve(houseFile));
}

/**
 * Gets a secret from where it is. One newline at the end of a file is not part of it.
 *
 * @param path the place in the house file
 * @returns `generate` where it is to be made
 * @throws CardeaError `house_invalid`, `house_unreadable`
 */
export async function secretFrom(
  source: SecretSource,
  path: string,
  places: SecretPlaces,
): Promise<Secret | "generate"> {
  if (typeof source === "string") return Secret.of(source);
  if ("generate" in source) return "generate";
  return Secret.of(
    "env" in source ? fromEnvironment(source.env, path, places) : await fromFile(source.file, path, places),
  );
}

function fromEnvironment(variable: string, path: string, { house, env }: SecretPlaces): string {
  const value = env[variable];
  if (value === undefined) throw invalid(house, `${path}: the environment variable ${variable} is not set`);
  return value;
}

async function fromFile(file: string, path: string, { house, folder, warn }: SecretPlaces): Promise<string> {
  const { bytes, exposed } = await readBounded(resolve(folder, file), secretFileLimit).catch((error: unknown) => {
    throw unreadable(`${house}: ${path}: the file ${file}`, error);
  });
  if (bytes.length > secretFileLimit) throw invalid(house, `${path}: the file ${file} is longer than a secret can be`);
  if (exposed) warn(`${file} can be read by others than its owner: chmod 600 it`);
  return textOf(bytes, () => invalid(house, `${path}: the file ${file} is not UTF-8`)).replace(/\r?\n$/, "");
}

function textOf(bytes: Uint8Array, failure: () => Error): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw failure();
  }
}
