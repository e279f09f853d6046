import { afterEach, beforeEach, expect, test } from "vitest";
import { findByUsername } from "./accounts.js";
import { add, eventsOf, openCore, origin, type TestCore } from "./core.test.support.js";
import { consumeTotp, enrolTotp, findTotpFactor } from "./factors.js";
import { totpCode, totpStep } from "./totp.js";

const secret = new TextEncoder().encode("12345678901234567890");
const step = 30_000;
let core: TestCore;
let accountId: string;

beforeEach(async () => {
  core = await openCore();
  accountId = (await add(core, { totp: secret })).id;
});

afterEach(() => core.storage.close());

/** The code of the step that lies so many steps from now. */
const codeAt = (steps: number) => totpCode(secret, totpStep(core.clock.now()) + steps);

const consume = (code: string) =>
  core.storage.unit(async (tx) => {
    const factor = await findTotpFactor(tx, accountId);
    return factor !== undefined && (await consumeTotp(tx, core.seals, core.clock.now(), factor, code));
  });

const enrol = (bytes: Uint8Array) =>
  core.storage.unit((tx) =>
    enrolTotp(tx, core.seals, origin, core.clock.now(), accountId, { id: core.uuid(), secret: bytes }),
  );

test.each([
  [-2, false],
  [-1, true],
  [0, true],
  [1, true],
  [2, false],
])("a code of %i steps from now is taken: %s", async (steps, taken) => {
  expect(await consume(codeAt(steps))).toBe(taken);
});

test("a code works once", async () => {
  expect(await consume(codeAt(0))).toBe(true);
  expect(await consume(codeAt(0))).toBe(false);
});

test("a code that thirty ask with at once works for one of them", async () => {
  const outcomes = await Promise.all(Array.from({ length: 30 }, () => consume(codeAt(0))));
  expect(outcomes.filter(Boolean)).toHaveLength(1);
});

test("thirty that saw the factor before any of them used the code are one winner too", async () => {
  const factor = await findTotpFactor(core.storage.read, accountId);
  if (factor === undefined) throw new Error("no factor");
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, () =>
      core.storage.unit((tx) => consumeTotp(tx, core.seals, core.clock.now(), factor, codeAt(0))),
    ),
  );
  expect(outcomes.filter(Boolean)).toHaveLength(1);
});

test("after a newer code no older one works", async () => {
  expect(await consume(codeAt(1))).toBe(true);
  expect(await consume(codeAt(0))).toBe(false);
  core.clock.advance(step);
  expect(await consume(codeAt(0))).toBe(false);
  core.clock.advance(step);
  expect(await consume(codeAt(0))).toBe(true);
});

test("enrolling the same secret again is no change, and keeps the memory of used codes", async () => {
  await consume(codeAt(0));
  const { result, events } = await eventsOf(core, () => enrol(secret));
  expect(result).toBe(false);
  expect(events).toEqual([]);
  expect(await consume(codeAt(0))).toBe(false);
});

test("another secret takes the place of the former one", async () => {
  core.clock.advance(5_000);
  const { result, events } = await eventsOf(core, () => enrol(new Uint8Array(20).fill(7)));
  expect(result).toBe(true);
  expect(events).toEqual(["totp_enrolled"]);
  expect(await consume(codeAt(0))).toBe(false);
  expect(await core.storage.read.selectFrom("factors").select("id").execute()).toHaveLength(1);
  expect((await findByUsername(core.storage.read, "mcias", "alice"))?.updatedAt).toBe(core.clock.now());
});

test("the secret is not in the database as it is", async () => {
  const rows = await core.storage.read.selectFrom("factors").select("secret").execute();
  expect(rows.map((row) => Buffer.from(row.secret).includes(Buffer.from(secret)))).toEqual([false]);
});
