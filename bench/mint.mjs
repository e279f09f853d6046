// Tokens by the tens of thousands, made straight in the database of a house that is stopped: signing in for each would
// take longer than the bench.
import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@cardea/core";

/** The address of a module of the authority that it shows to nobody. @param {string} path */
export const inside = (path) => new URL(`../packages/authority/dist/${path}`, import.meta.url).href;

/**
 * @param {string} data The data folder.
 * @param {number} count
 * @returns {Promise<string[]>} tokens of the account `alice`, each good and never presented before
 */
export async function mint(data, count) {
  const { openSqlite } = await import(inside("storage/sqlite/open.js"));
  const { createSeals } = await import(inside("keys/seal.js"));
  const { migrations } = await import(inside("foundation.js"));
  const storage = await openSqlite({ path: join(data, "cardea.db"), clock: systemClock, migrations });
  const masterKey = Buffer.from(readFileSync(join(data, "master.key"), "utf8").trim(), "hex");
  const seals = createSeals({ masterKey, dataKeys: await storage.read.selectFrom("data_keys").selectAll().execute() });
  const row = await storage.read
    .selectFrom("signing_keys")
    .selectAll()
    .where("wire", "=", "mcias")
    .where("state", "=", "active")
    .executeTakeFirstOrThrow();
  const sealed = seals.open({ table: "signing_keys", column: "private_key", row: row.kid }, row.private_key);
  const key = createPrivateKey({ key: Buffer.from(sealed), format: "der", type: "pkcs8" });
  const alice = await storage.read
    .selectFrom("subjects")
    .innerJoin("identifiers", "identifiers.account_id", "subjects.account_id")
    .select(["subjects.account_id", "subjects.subject"])
    .where("identifiers.value", "=", "alice")
    .executeTakeFirstOrThrow();

  const header = encode({ alg: "EdDSA", typ: "JWT" });
  const iat = Math.floor(systemClock.now() / 1000);
  const exp = iat + 3600;
  /** @type {string[]} */
  const tokens = [];
  for (let made = 0; made < count; made += 500) {
    const rows = Array.from({ length: Math.min(500, count - made) }, () => {
      const jti = randomUUID();
      const claims = { iss: "https://bench", sub: alice.subject, roles: ["user"], jti, iat, exp };
      const input = `${header}.${encode(claims)}`;
      tokens.push(`${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`);
      return {
        jti,
        account_id: alice.account_id,
        wire: "mcias",
        issuer: claims.iss,
        issued_at: iat * 1000,
        expires_at: exp * 1000,
        revoked_at: null,
      };
    });
    await storage.unit((/** @type {any} */ tx) => tx.insertInto("issued_tokens").values(rows).execute());
  }
  await storage.close();
  return tokens;
}

/** @param {object} value */
function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
