import { InputError } from "@cardea/core";
import { decodeBase32 } from "./totp.js";

/** Who the rows may act as. */
export interface Credentials {
  /** Creates and deletes the accounts of the run. */
  readonly administrator: {
    readonly username: string;
    readonly password: string;
    /** Base32, where this account signs in with a second factor. */
    readonly totpSecret?: string;
  };
  /** An account of no importance with a second factor: the seed profile has no route that makes one. */
  readonly totp?: {
    readonly username: string;
    readonly password: string;
    /** Base32. */
    readonly secret: string;
  };
}

const form = {
  administrator: { required: ["username", "password"], optional: ["totpSecret"], secret: "totpSecret" },
  totp: { required: ["username", "password", "secret"], optional: [], secret: "secret" },
} as const;

/**
 * Reads a credentials file: the form of `Credentials` as JSON and nothing more.
 *
 * @throws InputError that names the member and what was expected, never what stood there
 */
export function parseCredentials(text: string): Credentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError("the credentials file is no JSON");
  }
  const file = membersOf(value, "the credentials file", Object.keys(form));
  for (const [name, { required, optional, secret }] of Object.entries(form)) {
    if (file[name] === undefined && name === "totp") continue;
    const person = membersOf(file[name], name, [...required, ...optional]);
    for (const member of [...required, ...optional]) {
      if (person[member] === undefined && (optional as readonly string[]).includes(member)) continue;
      const given = person[member];
      if (typeof given !== "string" || given === "") throw wrong(`${name}.${member}`, "a text");
    }
    const base32 = person[secret];
    if (typeof base32 === "string" && decodeBase32(base32) === undefined) throw wrong(`${name}.${secret}`, "base32");
  }
  return file as unknown as Credentials;
}

function membersOf(value: unknown, at: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(at, "an object");
  const surplus = Object.keys(value).find((name) => !names.includes(name));
  if (surplus !== undefined) throw new InputError(`${at} has a member that means nothing: ${surplus}`);
  return value as Record<string, unknown>;
}

function wrong(at: string, expected: string): InputError {
  return new InputError(`the credentials file: ${at.replace("the credentials file", "it")} should be ${expected}`);
}
