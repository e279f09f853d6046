import type { Secret } from "@cardea/core";
import { JsonSyntaxError, parseJson, read } from "@cardea/core/serve";
import { isAcceptablePassword, passwordBytes } from "../identity/passwords.js";
import { decodeBase32 } from "../identity/totp.js";
import { explain } from "./expectation.js";
import { invalid, unreadable } from "./failures.js";
import { readBounded } from "./files.js";
import { houseSchema, settingSchemas, unservedSections, type AccountEntry, type HouseFile } from "./schema.js";
import { folderOf, secretFrom, type SecretPlaces } from "./secret-sources.js";

const houseLimit = 1024 * 1024;

/** The fewest bytes of a TOTP secret: 80 bits, as short as authenticator apps hand them out. */
const shortestTotp = 10;

/** A house file that was read, with its secrets at hand. */
export interface House {
  /** What messages call it. */
  readonly name: string;
  readonly accounts: readonly HouseAccount[];
  /** What is kept for a start without the file, by key: `guesses`, `passwordHash`, and the sections of wires. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Sections of wires that this version does not serve. */
  readonly notServed: readonly string[];
  readonly warnings: readonly string[];
  /** Where the secrets of its settings are. */
  readonly places: SecretPlaces;
}

export interface HouseAccount extends Pick<
  AccountEntry,
  "username" | "email" | "phone" | "handle" | "status" | "roles"
> {
  readonly kind: "human" | "system";
  readonly password?: Secret | "generate";
  /** Base32. */
  readonly totp?: Secret | "generate";
}

/**
 * Reads a house file, or takes what would stand in one, and gets its secrets.
 *
 * @throws CardeaError `house_unreadable` where the file or one it names cannot be read; `house_invalid`, which names the
 * first place that is wrong and what was expected there
 */
export async function loadHouse(
  source: string | object,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<House> {
  const house = typeof source === "string" ? source : "the house";
  const file = fileFrom(
    house,
    typeof source === "string" ? await bytesOf(source) : Buffer.from(JSON.stringify(source)),
  );
  const warnings: string[] = [];
  const places: SecretPlaces = {
    house,
    folder: folderOf(typeof source === "string" ? source : undefined),
    env,
    warn: (warning) => warnings.push(warning),
  };
  const accounts: HouseAccount[] = [];
  for (const [at, entry] of (file.accounts ?? []).entries()) {
    const path = `accounts[${at}]`;
    const twin = accounts.findIndex(({ username }) => username === entry.username);
    if (twin !== -1) throw invalid(house, `${path}.username: accounts[${twin}] has the same`);
    accounts.push(await accountFrom(entry, path, places));
  }
  return {
    name: house,
    accounts,
    settings: Object.fromEntries(Object.entries(file).filter(([key]) => Object.hasOwn(settingSchemas, key))),
    notServed: unservedSections.filter((section) => Object.hasOwn(file, section)),
    warnings,
    places,
  };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const { bytes } = await readBounded(path, houseLimit).catch((error: unknown) => {
    throw unreadable(`the house file ${path}`, error);
  });
  if (bytes.length > houseLimit) throw invalid(path, `expected at most ${houseLimit} bytes`);
  return bytes;
}

function fileFrom(house: string, bytes: Uint8Array): HouseFile {
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw invalid(house, `expected JSON: ${error.message}`);
    throw error;
  }
  const reading = read(houseSchema, document);
  if ("mismatch" in reading) throw invalid(house, explain(houseSchema, reading.mismatch));
  return reading.value;
}

async function accountFrom(entry: AccountEntry, path: string, places: SecretPlaces): Promise<HouseAccount> {
  const { type: kind = "human", password, totp, email, ...plain } = entry;
  for (const key of ["password", "totp"] as const) {
    if (kind === "system" && entry[key] !== undefined) {
      throw invalid(places.house, `${path}.${key}: a system account has none`);
    }
  }
  return {
    ...plain,
    kind,
    // Two spellings of one address are one mailbox.
    ...(email !== undefined && { email: email.toLowerCase() }),
    ...(password !== undefined && { password: await passwordFrom(password, `${path}.password`, places) }),
    ...(totp !== undefined && { totp: await totpFrom(totp, `${path}.totp`, places) }),
  };
}

type Source = NonNullable<AccountEntry["password"]>;

async function passwordFrom(source: Source, path: string, places: SecretPlaces): Promise<Secret | "generate"> {
  const secret = await secretFrom(source, path, places);
  if (secret !== "generate" && !isAcceptablePassword(secret.expose())) {
    throw invalid(places.house, `${path}: expected ${passwordBytes.least} to ${passwordBytes.most} bytes`);
  }
  return secret;
}

async function totpFrom(source: Source, path: string, places: SecretPlaces): Promise<Secret | "generate"> {
  const secret = await secretFrom(source, path, places);
  if (secret === "generate" || (decodeBase32(secret.expose())?.length ?? 0) >= shortestTotp) return secret;
  throw invalid(
    places.house,
    `${path}: expected base32 in capitals without padding, of ${shortestTotp} bytes at least`,
  );
}
