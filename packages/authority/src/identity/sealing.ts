import { createSeals, makeDataKey, type Seals } from "../keys/seal.js";
import type { Storage } from "../storage/storage.js";

/** Whether sealed columns exist already, so that a new master key would be the wrong one. */
export async function hasDataKeys(storage: Storage): Promise<boolean> {
  return (await storage.read.selectFrom("data_keys").select("id").limit(1).executeTakeFirst()) !== undefined;
}

/** The seals of this house. Its first data key is made on first need. */
export async function openSeals(
  storage: Storage,
  masterKey: Uint8Array,
  fresh: { readonly uuid: () => string; readonly now: number },
): Promise<Seals> {
  const made = makeDataKey({ masterKey, id: fresh.uuid(), now: fresh.now });
  const dataKeys = await storage.unit(async (tx) => {
    const present = await tx.selectFrom("data_keys").selectAll().orderBy("created_at").orderBy("id").execute();
    if (present.length > 0) return present;
    await tx.insertInto("data_keys").values(made).execute();
    return [made];
  });
  return createSeals({ masterKey, dataKeys });
}
