import type { WireSchema } from "@cardea/core";
import * as v from "valibot";
import { wires } from "../dialects/registry.js";
import { hashFloor } from "../workers/hash-pool.js";
import { oneOf, role, secretSource, text, username, wholeNumber } from "./fields.js";

/** The house file as data: what may stand in it, and what each field is for. */

const account = v.object({
  username,
  type: v.exactOptional(oneOf(["human", "system"])),
  status: v.exactOptional(oneOf(["active", "inactive"])),
  email: v.exactOptional(text(/^(?=.{3,254}$)[^\s@]+@[^\s@]+$/, "an e-mail address")),
  phone: v.exactOptional(text(/^\+[1-9][0-9]{6,14}$/, "a telephone number in E.164 form, such as +15550100")),
  handle: v.exactOptional(
    text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "a handle: 1 to 63 characters of A-Z a-z 0-9 . _ -"),
  ),
  password: v.exactOptional(secretSource),
  totp: v.exactOptional(secretSource),
  roles: v.exactOptional(v.pipe(v.array(role), v.description("a list of role names"))),
});

/** An account as the file has it. */
export type AccountEntry = v.InferOutput<typeof account>;

const aDay = 86_400;

export const guessesSection = v.pipe(
  v.object({
    limit: v.exactOptional(wholeNumber(1, 1_000)),
    windowSeconds: v.exactOptional(wholeNumber(1, aDay)),
    lockSeconds: v.exactOptional(wholeNumber(1, aDay)),
    perNetwork: v.exactOptional(
      v.pipe(
        v.union([wholeNumber(1, 1_000_000), v.literal("off")]),
        v.description('a whole number from 1 to 1000000, or "off"'),
      ),
    ),
  }),
  v.description("the limits of wrong guesses: of one account, and of one network"),
);

/** The most that a hash may cost: what `workers/phc.ts` still reads. */
export const hashCeiling = { memoryKiB: 262_144, iterations: 16, parallelism: 16 } as const;

export const passwordHashSection = v.pipe(
  v.object({
    memoryKiB: v.exactOptional(wholeNumber(hashFloor.memoryKiB, hashCeiling.memoryKiB)),
    iterations: v.exactOptional(wholeNumber(hashFloor.iterations, hashCeiling.iterations)),
    parallelism: v.exactOptional(wholeNumber(hashFloor.parallelism, hashCeiling.parallelism)),
  }),
  v.description("what a password hash (Argon2id) costs"),
);

export const keysSection = v.pipe(
  v.object({
    rotateDays: v.exactOptional(
      v.pipe(
        v.union([wholeNumber(1, 3_650), v.literal("off")]),
        v.description('a whole number of days from 1 to 3650, or "off"'),
      ),
    ),
  }),
  v.description("the keys that sign tokens: the age at which a new one follows by itself"),
);

/** The sections of all wires of the house. Those that no dialect serves are taken as they are, and reported. */
const allSections = ["mcias", "cipherstash", "realmid", "auki", "stPeter"];

/** The sections that mean nothing to this version. */
export const unservedSections: readonly string[] = allSections.filter(
  (section) => !wires.some((wire) => wire.section === section),
);

/** What is kept in the database for a start without the file, by its key. */
export const settingSchemas: Readonly<Record<string, WireSchema>> = {
  guesses: guessesSection,
  passwordHash: passwordHashSection,
  keys: keysSection,
  ...Object.fromEntries(wires.map((wire) => [wire.section, wire.schema])),
};

/** The house file as it is written. */
export interface HouseFile {
  readonly accounts?: readonly AccountEntry[];
  readonly [section: string]: unknown;
}

const anything = v.pipe(v.record(v.string(), v.unknown()), v.description("an object; not served by this version"));

export const houseSchema = v.object({
  $schema: v.exactOptional(v.string()),
  accounts: v.exactOptional(v.pipe(v.array(account), v.description("a list of accounts"))),
  ...optional(settingSchemas),
  ...optional(Object.fromEntries(unservedSections.map((section) => [section, anything]))),
}) as WireSchema<HouseFile>;

function optional(schemas: Readonly<Record<string, WireSchema>>) {
  return Object.fromEntries(Object.entries(schemas).map(([key, schema]) => [key, v.exactOptional(schema)]));
}
