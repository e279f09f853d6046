import { CardeaError, type WireSchema } from "@cardea/core";
import { read as readThrough } from "@cardea/core/serve";
import type { InferOutput } from "valibot";
import type { SignInDeps } from "../identity/sign-in.js";
import type { Reader, Tx } from "../storage/storage.js";
import { hashFloor, type HashParameters } from "../workers/hash-pool.js";
import { explain } from "./expectation.js";
import type { House } from "./load.js";
import { settingSchemas, type guessesSection, type keysSection, type passwordHashSection } from "./schema.js";

/** How this house is run. */
export interface HouseSettings {
  readonly guesses: SignInDeps["guesses"];
  readonly passwordHash: HashParameters;
  /**
   * The age at which a signing key is followed by a new one, in milliseconds. Off by default: the MCIAS wire publishes
   * one bare key, and who verifies offline holds a copy of it.
   */
  readonly rotateKeysAfterMs: number | "off";
  /** What the house file says of each wire, by section. Validated by the wire's own schema. */
  readonly sections: Readonly<Record<string, unknown>>;
}

/** Ten failures within a quarter of an hour lock for as long. One network may be many people. */
const defaultGuesses = { limit: 10, windowSeconds: 900, lockSeconds: 900, perNetwork: 1_000 } as const;

const rowName = (key: string) => `house.${key}`;

/**
 * The settings of the house file that was applied last, and where a house is given, of that one: an authority starts
 * with the same settings whether it is given the file again or not.
 *
 * @throws CardeaError `house_invalid` where what was stored is not understood by this version
 */
export async function loadSettings(db: Reader, house?: House): Promise<HouseSettings> {
  const rows = await db.selectFrom("settings").selectAll().where("name", "like", rowName("%")).execute();
  const stored = Object.fromEntries(rows.map(({ name, value }) => [name.slice(rowName("").length), value]));
  const values: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(settingSchemas)) {
    const text = stored[key];
    if (house !== undefined && Object.hasOwn(house.settings, key)) values[key] = house.settings[key];
    else if (text !== undefined) values[key] = storedSetting(key, schema, text);
  }
  const { guesses, passwordHash, keys, ...sections } = values;
  return {
    guesses: limitsFrom((guesses ?? {}) as InferOutput<typeof guessesSection>),
    passwordHash: { ...hashFloor, ...((passwordHash ?? {}) as InferOutput<typeof passwordHashSection>) },
    rotateKeysAfterMs: ageFrom((keys ?? {}) as InferOutput<typeof keysSection>),
    sections,
  };
}

/** Keeps a part of the house file. @returns whether it differs from what was kept */
export async function storeSetting(tx: Tx, key: string, setting: unknown): Promise<boolean> {
  const [name, value] = [rowName(key), JSON.stringify(setting)];
  const present = await tx.selectFrom("settings").select("value").where("name", "=", name).executeTakeFirst();
  if (present?.value === value) return false;
  await tx
    .insertInto("settings")
    .values({ name, value })
    .onConflict((on) => on.column("name").doUpdateSet({ value }))
    .execute();
  return true;
}

function storedSetting(key: string, schema: WireSchema, text: string): unknown {
  const reading = readThrough(schema, JSON.parse(text));
  if ("value" in reading) return reading.value;
  throw new CardeaError(`the stored setting ${key}: ${explain(schema, reading.mismatch)}`, {
    code: "house_invalid",
    help: "Apply a house file that has this section.",
  });
}

function limitsFrom(section: InferOutput<typeof guessesSection>): SignInDeps["guesses"] {
  const { limit, windowSeconds, lockSeconds, perNetwork } = { ...defaultGuesses, ...section };
  const times = { windowMs: windowSeconds * 1000, lockMs: lockSeconds * 1000 };
  return { account: { limit, ...times }, network: perNetwork === "off" ? "off" : { limit: perNetwork, ...times } };
}

function ageFrom({ rotateDays = "off" }: InferOutput<typeof keysSection>): number | "off" {
  return rotateDays === "off" ? "off" : rotateDays * 86_400_000;
}
