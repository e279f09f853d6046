import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock } from "@cardea/core";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAccount } from "./identity/accounts.js";
import type { Origin } from "./identity/audit.js";
import { findDatabaseCredentials, setDatabaseCredentials } from "./identity/database-credentials.js";
import { consumeTotp, enrolTotp, findTotpFactor } from "./identity/factors.js";
import { sealedColumns } from "./identity/resealing.js";
import { rotateKey } from "./identity/signing-key-states.js";
import { openSigningKeys } from "./identity/signing-keys.js";
import { totpCodeAt } from "./identity/totp.js";
import type { Seals } from "./keys/seal.js";
import { changeMasterKey, openSealsAt, type ExchangeStep } from "./master-key-exchange.js";
import { openSqlite } from "./storage/sqlite/open.js";
import type { Storage } from "./storage/storage.js";

const origin: Origin = { wire: "operator", operation: "test" };
const clock = manualClock(Date.parse("2031-05-05T10:00:00Z"));
const line = { wire: "mcias", algorithm: "EdDSA" } as const;
const credentials = { host: "db", port: 5432, database: "app", username: "app", password: "a database password" };
const totpSecret = new TextEncoder().encode("12345678901234567890");
const message = new TextEncoder().encode("a token");
const fresh = () => ({ uuid: randomUUID, now: clock.now() });

let folder: string;
let keyPath: string;
let accountId: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cardea-rekey-"));
  keyPath = join(folder, "master.key");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface House {
  readonly storage: Storage;
  readonly seals: Seals;
}

async function withHouse<T>(work: (house: House) => Promise<T>): Promise<T> {
  const storage = await openSqlite({ path: join(folder, "cardea.db"), clock });
  try {
    return await work({ storage, seals: await openSealsAt(storage, keyPath, fresh()) });
  } finally {
    await storage.close();
  }
}

/** One value in every sealed column. @returns a signature of the key that signs */
function furnish(): Promise<Uint8Array> {
  return withHouse(async ({ storage, seals }) => {
    const keys = await openSigningKeys({ storage, seals }, origin, clock.now(), line);
    await rotateKey({ storage, seals }, origin, clock.now(), line);
    await keys.refresh();
    await storage.unit(async (tx) => {
      const now = clock.now();
      const account = await createAccount(tx, origin, now, {
        id: randomUUID(),
        wire: "mcias",
        subject: randomUUID(),
        username: "alice",
        kind: "human",
      });
      if (account === "username_taken") throw new Error(account);
      accountId = account.id;
      await enrolTotp(tx, seals, origin, now, account.id, { id: randomUUID(), secret: totpSecret });
      await setDatabaseCredentials(tx, seals, origin, now, account.id, credentials);
    });
    return keys.sign(message);
  });
}

/** That all sealed values open, and tokens are signed by the same key as before. */
async function expectWhole({ storage, seals }: House, signature: Uint8Array): Promise<void> {
  const keys = await openSigningKeys({ storage, seals }, origin, clock.now(), line);
  expect(keys.verify(message, signature)).toBe(true);
  expect(Buffer.from(keys.sign(message)).equals(signature), "Ed25519 signs alike with the same key").toBe(true);
  expect(await findDatabaseCredentials(storage.read, seals, accountId)).toEqual(credentials);
  const factor = (await findTotpFactor(storage.read, accountId))!;
  clock.advance(30_000);
  const code = totpCodeAt("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", clock.now());
  expect(await storage.unit((tx) => consumeTotp(tx, seals, clock.now(), factor, code))).toBe(true);
}

const exchange = (reseal: boolean, done?: (step: ExchangeStep) => void) =>
  withHouse(({ storage }) =>
    changeMasterKey(storage, keyPath, origin, { ...fresh(), reseal, ...(done !== undefined && { done }) }),
  );

const dataKeys = (storage: Storage) => storage.read.selectFrom("data_keys").selectAll().execute();

test("a house gets another master key, and everything sealed opens as before", async () => {
  const signature = await furnish();
  const former = readFileSync(keyPath, "utf8");
  await exchange(false);
  const present = readFileSync(keyPath, "utf8");
  expect(present).not.toBe(former);
  expect(statSync(keyPath).mode & 0o777).toBe(0o600);
  expect(existsSync(`${keyPath}.next`)).toBe(false);
  await withHouse((house) => expectWhole(house, signature));
});

test("the former master key opens nothing any more", async () => {
  await furnish();
  const former = readFileSync(keyPath, "utf8");
  await exchange(false);
  writeFileSync(keyPath, former);
  await expect(withHouse(() => Promise.resolve())).rejects.toMatchObject({ code: "wrong_master_key" });
});

test("a process that has the house open works on while another exchanges the master key", async () => {
  const signature = await furnish();
  await withHouse(async (running) => {
    await changeMasterKey(running.storage, keyPath, origin, { ...fresh(), reseal: false });
    await expectWhole(running, signature);
  });
});

test("sealing anew leaves one data key, another one, and every value under it", async () => {
  const signature = await furnish();
  const [before] = await withHouse(({ storage }) => dataKeys(storage));
  await exchange(true);
  await withHouse(async (house) => {
    const after = await dataKeys(house.storage);
    expect(after).toHaveLength(1);
    expect(after[0]?.id).not.toBe(before?.id);
    await expectWhole(house, signature);
  });
});

describe.each<ExchangeStep>(["key_prepared", "data_keys_wrapped", "key_adopted", "values_resealed"])(
  "cut off after %s",
  (last) => {
    class Killed extends Error {}
    const killed = (reseal: boolean) =>
      exchange(reseal, (step) => {
        if (step === last) throw new Killed();
      });

    test("the next start opens the house by itself, and another exchange completes the work", async () => {
      const signature = await furnish();
      await expect(killed(true)).rejects.toBeInstanceOf(Killed);
      await withHouse((house) => expectWhole(house, signature));
      await exchange(true);
      await withHouse(async (house) => {
        expect(await dataKeys(house.storage)).toHaveLength(1);
        await expectWhole(house, signature);
      });
      expect(existsSync(`${keyPath}.next`)).toBe(false);
    });
  },
);

test("sealing anew that was cut off in the midst of the rows goes on where it was", async () => {
  const signature = await furnish();
  let units = 0;
  const dying = withHouse(({ storage }) => {
    const failing: Storage = {
      ...storage,
      read: storage.read,
      unit: (work) => ((units += 1) > 3 ? Promise.reject(new Error("killed")) : storage.unit(work)),
    };
    return changeMasterKey(failing, keyPath, origin, { ...fresh(), reseal: true });
  });
  await expect(dying).rejects.toThrow("killed");
  await withHouse(async (house) => {
    expect(await dataKeys(house.storage), "the former one is still needed").toHaveLength(2);
    await expectWhole(house, signature);
  });
  await exchange(true);
  await withHouse(async (house) => {
    expect(await dataKeys(house.storage)).toHaveLength(1);
    await expectWhole(house, signature);
  });
});

test("no column of bytes is forgotten when everything is sealed anew", async () => {
  await withHouse(async ({ storage }) => {
    const { rows } = await sql<{ place: string }>`
      select m.name || '.' || c.name as place from sqlite_schema m, pragma_table_info(m.name) c
      where m.type = 'table' and c.type = 'BLOB' order by place`.execute(storage.read);
    // Data keys are wrapped by the master key and not sealed by one of their own; public keys are no secret.
    const open = ["data_keys.wrapped", "passkeys.public_key"];
    const sealed = rows.map(({ place }) => place).filter((place) => !open.includes(place));
    expect(sealedColumns.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(sealed);
  });
});

test("the exchange is in the audit log, without anything secret", async () => {
  await furnish();
  await exchange(true);
  const key = readFileSync(keyPath, "utf8").trim();
  await withHouse(async ({ storage }) => {
    const rows = await storage.read.selectFrom("audit_events").select(["type", "details"]).execute();
    expect(rows.map(({ type }) => type).slice(-2)).toEqual(["master_key_changed", "data_key_changed"]);
    expect(JSON.stringify(rows)).not.toContain(key);
  });
});
