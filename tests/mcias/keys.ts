import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
// The authority shows its keys to nobody, so the tests that mint false tokens reach inside.
import { createSeals } from "../../packages/authority/dist/keys/seal.js";
import type { TestHouse } from "./house.js";

/** The very key that a house signs MCIAS tokens with. */
export async function signingKeyOf(house: TestHouse): Promise<KeyObject> {
  const masterKey = Buffer.from((await readFile(join(house.dataFolder, "master.key"), "utf8")).trim(), "hex");
  const seals = createSeals({
    masterKey,
    dataKeys: await house.storage.read.selectFrom("data_keys").selectAll().execute(),
  });
  const row = await house.storage.read
    .selectFrom("signing_keys")
    .selectAll()
    .where("wire", "=", "mcias")
    .where("state", "=", "active")
    .executeTakeFirstOrThrow();
  const key = seals.open({ table: "signing_keys", column: "private_key", row: row.kid }, row.private_key);
  return createPrivateKey({ key: Buffer.from(key), format: "der", type: "pkcs8" });
}
