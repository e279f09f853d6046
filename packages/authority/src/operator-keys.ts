/** What an operator does with the keys of a house. To change one, nobody else may have the house open. */
import { CardeaError, systemClock } from "@cardea/core";
import { wires } from "./dialects/registry.js";
import { masterKeyPath, openFoundation, type Foundation } from "./foundation.js";
import type { Origin } from "./identity/audit.js";
import { rotateKey, withdrawKey } from "./identity/signing-key-states.js";
import { changeMasterKey } from "./master-key-exchange.js";
import { readHouse, requireHouse, type HouseLocation } from "./operator.js";
import type { Reader } from "./storage/storage.js";

/** A signing key, without anything secret. Times are milliseconds since the epoch. */
export interface KeyFacts {
  readonly kid: string;
  /** The wire that signs with it; `audit` for the key that seals the audit log. */
  readonly wire: string;
  readonly algorithm: string;
  /** `active` signs, `retired` verifies what it has signed, `withdrawn` does neither. */
  readonly state: "active" | "retired" | "withdrawn";
  readonly createdAt: number;
  /** When it stopped to sign. */
  readonly retiredAt?: number;
}

const keyLines = wires.flatMap((wire) => wire.keyLines);

/** All signing keys of a house, those that sign first; also of one that runs. @throws StorageError */
export function listKeys(location: HouseLocation): Promise<KeyFacts[]> {
  return readHouse(location, ({ read }) => keysOf(read));
}

/**
 * Gives every wire a new signing key. The former ones verify until their last token is over.
 *
 * @returns the keys that are new
 * @throws CardeaError `house_missing`, and as `startAuthority` does
 */
export function rotateKeys(location: HouseLocation): Promise<KeyFacts[]> {
  return inHouse(location, async (foundation) => {
    const made: string[] = [];
    for (const line of keyLines) {
      const kid = await rotateKey(foundation, operator("keys rotate"), systemClock.now(), line);
      if (kid !== undefined) made.push(kid);
    }
    return (await keysOf(foundation.storage.read)).filter(({ kid }) => made.includes(kid));
  });
}

/**
 * Ends a signing key at once: every token that it has signed is invalid.
 *
 * @returns the key that was made in its place, where it was the active one
 * @throws CardeaError `signing_key_unknown`, `signing_key_withdrawn`, and as `rotateKeys` does
 */
export function withdrawSigningKey(options: HouseLocation & { readonly kid: string }): Promise<KeyFacts | undefined> {
  const { kid } = options;
  return inHouse(options, async (foundation) => {
    const outcome = await withdrawKey(foundation, operator("keys withdraw"), systemClock.now(), keyLines, kid);
    if (outcome === "unknown") {
      throw new CardeaError(`no wire signs with a key ${kid}`, {
        code: "signing_key_unknown",
        help: "List them: cardea keys list. The key of the audit log cannot be withdrawn.",
      });
    }
    if (outcome === "withdrawn_already") {
      throw new CardeaError(`the key ${kid} was withdrawn before`, { code: "signing_key_withdrawn" });
    }
    return (await keysOf(foundation.storage.read)).find((key) => key.kid === outcome.replacement);
  });
}

/**
 * Gives a house another master key. The former one is gone then: older backups of the database need it. An exchange
 * that was cut off is completed by the next start, or by another call.
 *
 * @param options.reseal makes a new data key too, and seals every value anew
 * @throws CardeaError as `rotateKeys` does
 */
export function replaceMasterKey(options: HouseLocation & { readonly reseal?: boolean }): Promise<void> {
  const { dataFolder, reseal = false } = options;
  return inHouse(options, ({ storage, rowId }) => {
    if (reseal && storage.kind !== "sqlite") {
      throw new CardeaError("values cannot be sealed anew while other authorities may use this database", {
        code: "reseal_unsafe",
        help: "Exchange the master key without --reseal.",
      });
    }
    const fresh = { uuid: rowId, now: systemClock.now() };
    return changeMasterKey(storage, masterKeyPath(dataFolder), operator("keys rekey"), { ...fresh, reseal });
  });
}

const operator = (operation: string): Origin => ({ wire: "operator", operation });

async function inHouse<T>(location: HouseLocation, work: (foundation: Foundation) => Promise<T>): Promise<T> {
  requireHouse(location);
  const foundation = await openFoundation({ ...location, clock: systemClock });
  try {
    return await work(foundation);
  } finally {
    await foundation.close();
  }
}

async function keysOf(read: Reader): Promise<KeyFacts[]> {
  const rows = await read
    .selectFrom("signing_keys")
    .select(["kid", "wire", "algorithm", "state", "created_at", "retired_at"])
    .orderBy("state")
    .orderBy("wire")
    .orderBy("created_at", "desc")
    .execute();
  return rows.map(({ created_at, retired_at, ...facts }) => ({
    ...facts,
    createdAt: created_at,
    ...(retired_at !== null && { retiredAt: retired_at }),
  }));
}
