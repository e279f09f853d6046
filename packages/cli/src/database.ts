import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { CardeaError } from "@cardea/core";
import type { Command } from "./command.js";
import { shownPath } from "./shown-path.js";
import type { Terminal } from "./terminal.js";

const variable = "CARDEA_DATABASE_URL_FILE";

/** A command line is seen by everybody on a machine, so a URL with a password has another way in. */
export const databaseVariable = {
  [variable]:
    "File that holds the URL of a PostgreSQL database, with its password. Read where --database is not given.",
} as const;

/** Whether a database is named by its URL. Anything else is a path. */
export function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text);
}

/**
 * What was given, and the database that the environment names where the command line names none.
 *
 * @throws CardeaError `environment_unusable`, which quotes nothing of the file
 */
export function withDatabase(
  { options }: Pick<Command, "options">,
  given: Readonly<Record<string, unknown>>,
  { env, cwd }: Pick<Terminal, "env" | "cwd">,
): Readonly<Record<string, unknown>> {
  const file = env[variable] ?? "";
  if (!options.includes("database") || given["database"] !== undefined || file === "") return given;
  const database = read(resolve(cwd, file));
  if (database !== undefined && isDatabaseUrl(database)) return { ...given, database };
  throw new CardeaError(
    `${variable} names a file ${database === undefined ? "that cannot be read" : "without a URL"}`,
    {
      code: "environment_unusable",
      help: "Name a file that holds postgres://USER:PASSWORD@HOST/NAME and nothing else.",
    },
  );
}

/** A database as it may be printed: without a password, and without what else may be secret in a URL. */
export function shownDatabase(database: string, cwd: string): string {
  if (!isDatabaseUrl(database)) return shownPath(database, cwd);
  if (!URL.canParse(database)) return "PostgreSQL";
  const { protocol, username, host, pathname } = new URL(database);
  return `${protocol}//${username === "" ? "" : `${username}@`}${host}${pathname}`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
