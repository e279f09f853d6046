import { randomBytes, randomUUID } from "node:crypto";
import { manualClock } from "@cardea/core";
import { describe, expect, test } from "vitest";
import { databases } from "../storage/storage.test.support.js";
import type { Storage } from "../storage/storage.js";
import { auditKeyLine } from "./audit-chain.js";
import { createAuditSealer } from "./audit-sealer.js";
import { verifyAudit } from "./audit-verification.js";
import { record, type Origin } from "./audit.js";
import { openSeals } from "./sealing.js";
import { rotateKey, withdrawKey, type KeyLine, type TokenKeyLine } from "./signing-key-states.js";
import { openSigningKeys } from "./signing-keys.js";

const origin: Origin = { wire: "mcias", operation: "test" };
const line: TokenKeyLine = { wire: "mcias", algorithm: "EdDSA", longestTokenMs: 1_000 };
const racers = 8;
const minute = 60_000;

async function openHouse(storage: Storage) {
  const clock = manualClock(Date.parse("2031-05-05T10:00:00Z"));
  const seals = await openSeals(storage, randomBytes(32), { uuid: randomUUID, now: clock.now() });
  const house = { storage, seals, clock };
  return { ...house, keysOf: (of: KeyLine) => openSigningKeys(house, origin, clock.now(), of) };
}

function race<T>(work: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: racers }, work));
}

async function states(storage: Storage): Promise<string[]> {
  const rows = await storage.read.selectFrom("signing_keys").select("state").orderBy("state").execute();
  return rows.map(({ state }) => state);
}

describe.each(databases)("on %s", (_, lend) => {
  test("of any number that start at once, all sign with the same key", async () => {
    await using lent = await lend();
    const house = await openHouse(lent.storage);
    const opened = await race(() => house.keysOf(line));
    expect(new Set(opened.map(({ kid }) => kid)).size).toBe(1);
    expect(await states(lent.storage)).toEqual(["active"]);
  });

  test("of any number that rotate at once, one does", async () => {
    await using lent = await lend();
    const house = await openHouse(lent.storage);
    await house.keysOf(line);
    // Only where the key is as old: a racer that comes late enough to see the new key leaves it alone.
    const madeBefore = house.clock.now() + 1;
    house.clock.advance(minute);
    const made = await race(() => rotateKey(house, origin, house.clock.now(), line, madeBefore));
    expect(made.filter((kid) => kid !== undefined)).toHaveLength(1);
    expect(await states(lent.storage)).toEqual(["active", "retired"]);
  });

  test("of any number that withdraw a key at once, one does, and one key takes its place", async () => {
    await using lent = await lend();
    const house = await openHouse(lent.storage);
    const { kid } = await house.keysOf(line);
    const outcomes = await race(() => withdrawKey(house, origin, house.clock.now(), [line], kid));
    expect(outcomes.filter((outcome) => outcome !== "withdrawn_already")).toEqual([
      { replacement: expect.any(String) as string },
    ]);
    expect(await states(lent.storage)).toEqual(["active", "withdrawn"]);
  });

  test("of any number that seal at once, the chain is one, and no event is lost while others write", async () => {
    await using lent = await lend();
    const { storage } = lent;
    const house = await openHouse(storage);
    const keys = await house.keysOf(auditKeyLine);
    const sealers = Array.from({ length: racers }, () => createAuditSealer({ ...house, keys }));
    const write = () =>
      race(() => storage.unit((tx) => record(tx, origin, house.clock.now(), { type: "login_ok", details: {} })));
    for (let round = 0; round < 4; round += 1) {
      await Promise.all([write(), ...sealers.map((sealer) => sealer.seal()), write()]);
      house.clock.advance(minute);
    }
    // What was written last is seen now, and old enough a minute later.
    for (const sealer of sealers) await sealer.seal();
    house.clock.advance(minute);
    for (const sealer of sealers) await sealer.seal();
    expect(await verifyAudit(storage.read, { keys: [keys.publicKey] })).toMatchObject({
      provenEvents: 1 + 4 * 2 * racers,
      findings: [],
    });
  });
});
