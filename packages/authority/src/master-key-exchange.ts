/** The master key's file and the data keys in the database, together: what opens a house, and gives it another key. */
import { CardeaError } from "@cardea/core";
import type { Origin } from "./identity/audit.js";
import { resealAll } from "./identity/resealing.js";
import { exchangeMasterKey, hasDataKeys, openSeals, type Fresh } from "./identity/sealing.js";
import { adoptNextMasterKey, findNextMasterKey, loadMasterKey, prepareNextMasterKey } from "./keys/master-key.js";
import type { Seals } from "./keys/seal.js";
import type { Storage } from "./storage/storage.js";

/**
 * Opens the seals of a house by the master key at `path`. Where an exchange of that key was cut off after the database
 * had changed, the new key waits beside it: then it takes its place, and nobody has to do anything.
 *
 * @throws CardeaError as `loadMasterKey` does; `wrong_master_key` where neither opens the data keys
 */
export async function openSealsAt(storage: Storage, path: string, fresh: Fresh): Promise<Seals> {
  const masterKey = await loadMasterKey(path, { expected: await hasDataKeys(storage) });
  try {
    return await openSeals(storage, masterKey, fresh);
  } catch (error) {
    if (!isWrongKey(error)) throw error;
    const next = await findNextMasterKey(path);
    if (next === undefined) throw error;
    try {
      const seals = await openSeals(storage, next, fresh);
      await adoptNextMasterKey(path);
      return seals;
    } finally {
      next.fill(0);
    }
  } finally {
    masterKey.fill(0);
  }
}

/** What an exchange has done, in its order. */
export type ExchangeStep = "key_prepared" | "data_keys_wrapped" | "key_adopted" | "values_resealed";

/**
 * Gives a house another master key. It can be cut off anywhere: the house opens at the next start by itself, and the
 * next exchange goes on from there. Other processes that have the house open work on with the data keys they know.
 *
 * @param options.reseal makes a new data key too, and seals everything anew. No other process may have the house open.
 * @param options.done told after each step
 */
export async function changeMasterKey(
  storage: Storage,
  path: string,
  origin: Origin,
  options: Fresh & { readonly reseal: boolean; readonly done?: (step: ExchangeStep) => void },
): Promise<void> {
  const { reseal, done = () => {} } = options;
  const from = await loadMasterKey(path, { expected: true });
  const to = await prepareNextMasterKey(path);
  done("key_prepared");
  const seals = await exchangeMasterKey(storage, origin, { from, to }, { ...options, withNewKey: reseal });
  from.fill(0);
  to.fill(0);
  done("data_keys_wrapped");
  await adoptNextMasterKey(path);
  done("key_adopted");
  if (!reseal) return;
  await resealAll(storage, seals);
  done("values_resealed");
}

function isWrongKey(error: unknown): boolean {
  return error instanceof CardeaError && error.code === "wrong_master_key";
}
