import { createSeals, makeDataKey, rewrapDataKey, type Seals } from "../keys/seal.js";
import type { DataKeysTable } from "../storage/schema.js";
import type { Reader, Storage } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";

/** Whether sealed columns exist already, so that a new master key would be the wrong one. */
export async function hasDataKeys(storage: Storage): Promise<boolean> {
  return (await storage.read.selectFrom("data_keys").select("id").limit(1).executeTakeFirst()) !== undefined;
}

/** What a new data key is made of. */
export interface Fresh {
  readonly uuid: () => string;
  readonly now: number;
}

/** The seals of this house. Its first data key is made on first need. */
export async function openSeals(storage: Storage, masterKey: Uint8Array, fresh: Fresh): Promise<Seals> {
  const made = makeDataKey({ masterKey, id: fresh.uuid(), now: fresh.now });
  const dataKeys = await storage.unit(async (tx) => {
    const present = await dataKeysOf(tx);
    if (present.length > 0) return present;
    await tx.insertInto("data_keys").values(made).execute();
    return [made];
  });
  return createSeals({ masterKey, dataKeys });
}

/**
 * Wraps every data key by another master key, all in one unit. From then on `from` opens nothing here.
 *
 * @param withNewKey adds a data key that seals from now on; none where an earlier call has added one whose work is not
 *   done: see `resealAll`
 * @returns the seals, under the new master key
 * @throws CardeaError `wrong_master_key` where `from` is not the one; nothing is changed
 */
export async function exchangeMasterKey(
  storage: Storage,
  origin: Origin,
  { from, to }: { readonly from: Uint8Array; readonly to: Uint8Array },
  { uuid, now, withNewKey }: Fresh & { readonly withNewKey: boolean },
): Promise<Seals> {
  const id = uuid();
  const dataKeys = await storage.unit(async (tx) => {
    const present = await dataKeysOf(tx);
    const rewrapped = present.map((row) => rewrapDataKey(row, { from, to }));
    for (const { id: changed, wrapped } of rewrapped) {
      await tx.updateTable("data_keys").set({ wrapped }).where("id", "=", changed).execute();
    }
    await record(tx, origin, now, { type: "master_key_changed", details: { dataKeys: present.length } });
    const newest = present.at(-1);
    if (!withNewKey || present.length > 1 || newest === undefined) return rewrapped;
    // The newest seals, also where the clock was set back.
    const made = makeDataKey({ masterKey: to, id, now: Math.max(now, newest.created_at + 1) });
    await tx.insertInto("data_keys").values(made).execute();
    await record(tx, origin, now, { type: "data_key_changed", details: { id } });
    return [...rewrapped, made];
  });
  return createSeals({ masterKey: to, dataKeys });
}

/** Every data key, oldest first: the last one seals. */
export function dataKeysOf(db: Reader): Promise<DataKeysTable[]> {
  return db.selectFrom("data_keys").selectAll().orderBy("created_at").orderBy("id").execute();
}
