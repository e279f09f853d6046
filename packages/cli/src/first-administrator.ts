import { resolve } from "node:path";
import { CardeaError } from "@cardea/core";
import type { Terminal } from "./terminal.js";

/** The variables for an unattended start, and what the help says of them. A password is in neither. */
export const administratorVariables = {
  CARDEA_ADMIN_USERNAME: "Name of an administrator, made as if it stood in the house file.",
  CARDEA_ADMIN_PASSWORD_FILE: "File that holds the administrator's password, 12 to 1024 bytes.",
} as const;

const [nameVariable, fileVariable] = ["CARDEA_ADMIN_USERNAME", "CARDEA_ADMIN_PASSWORD_FILE"] as const;

/**
 * The house that the environment declares.
 *
 * @throws CardeaError `environment_incomplete` where one of the two variables is set without the other
 */
export function houseFromEnvironment({ env, cwd }: Pick<Terminal, "env" | "cwd">): object | undefined {
  const { [nameVariable]: username = "", [fileVariable]: file = "" } = env;
  if (username === "" && file === "") return undefined;
  if (username === "" || file === "") {
    const [set, missing] = file === "" ? [nameVariable, fileVariable] : [fileVariable, nameVariable];
    throw new CardeaError(`${set} is set and ${missing} is not`, {
      code: "environment_incomplete",
      help: "Set both, or neither.",
    });
  }
  return { accounts: [{ username, password: { file: resolve(cwd, file) }, roles: ["admin"] }] };
}

/** An error about that house, in words that lead to the variables. */
export function environmentError(error: unknown): unknown {
  if (!(error instanceof CardeaError) || !error.code.startsWith("house_")) return error;
  return new CardeaError(
    `${nameVariable} and ${fileVariable}: ${error.message.replace(/^the house: (accounts\[0\]\.\w+: )?/, "")}`,
    {
      code: error.code,
      help: "Correct the variable or the file, and start again.",
      cause: error,
    },
  );
}
