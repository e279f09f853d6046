import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limits, openCore, type TestCore } from "./core.test.support.js";
import { pruneGuesses, reserveGuess, settleGuess, type Reservation, type Settlement } from "./guesses.js";

const minute = 60_000;
let core: TestCore;

beforeEach(async () => {
  core = await openCore();
});

afterEach(() => core.storage.close());

const reserve = (subject = "account:a") =>
  core.storage.unit((tx) => reserveGuess(tx, subject, limits, core.clock.now()));
const settle = (settlement: Settlement, subject = "account:a") =>
  core.storage.unit((tx) => settleGuess(tx, subject, settlement, limits, core.clock.now()));

/** One guess from reservation to settlement. */
async function guess(settlement: Settlement): Promise<Reservation> {
  const reservation = await reserve();
  if (reservation !== "crowded") await settle(reservation === "locked" ? "given_back" : settlement);
  return reservation;
}

async function times(count: number, settlement: Settlement): Promise<Reservation[]> {
  const outcomes: Reservation[] = [];
  for (let n = 0; n < count; n += 1) outcomes.push(await guess(settlement));
  return outcomes;
}

const row = () => core.storage.read.selectFrom("guesses").selectAll().executeTakeFirst();

describe("failures", () => {
  test("lock with the tenth, and not with the ninth", async () => {
    expect(await times(10, "failed")).toEqual(Array(10).fill("reserved"));
    expect(await guess("failed")).toBe("locked");
  });

  test("lock for fifteen minutes from the tenth, to the millisecond", async () => {
    await times(9, "failed");
    core.clock.advance(14 * minute);
    await guess("failed");
    core.clock.advance(15 * minute - 1);
    expect(await reserve()).toBe("locked");
    core.clock.advance(1);
    expect(await reserve()).toBe("reserved");
  });

  test("start from nothing after a lock", async () => {
    await times(10, "failed");
    core.clock.advance(15 * minute);
    expect(await times(10, "failed")).toEqual(Array(10).fill("reserved"));
    expect(await reserve()).toBe("locked");
  });

  test("of a window that is over do not count", async () => {
    await times(9, "failed");
    core.clock.advance(15 * minute);
    await times(9, "failed");
    expect(await reserve()).toBe("reserved");
  });

  test("count in the window that they happen in, not in the one they were reserved in", async () => {
    await times(9, "failed");
    core.clock.advance(15 * minute - 1);
    await reserve();
    core.clock.advance(1);
    await settle("failed");
    expect(await row()).toMatchObject({ failures: 1, locked_until: 0 });
  });

  test("of one subject say nothing of another", async () => {
    await times(10, "failed");
    expect(await reserve("account:b")).toBe("reserved");
  });
});

test("tries while locked neither count nor prolong the lock, and write as much as others", async () => {
  await times(10, "failed");
  const before = await row();
  core.clock.advance(10 * minute);
  expect(await reserve()).toBe("locked");
  expect(await row()).toEqual({ ...before, reserved: 1, reserved_at: core.clock.now() });
  await settle("given_back");
  expect(await times(20, "failed")).toEqual(Array(20).fill("locked"));
  expect(await row()).toEqual({ ...before, reserved_at: core.clock.now() });
});

test("a straggler that fails after the lock does not prolong it", async () => {
  await reserve();
  core.clock.advance(minute);
  await times(10, "failed");
  const before = await row();
  core.clock.advance(minute);
  await settle("failed");
  expect((await row())?.locked_until).toBe(before?.locked_until);
});

test("a completed sign-in forgives all failures", async () => {
  await times(9, "failed");
  await guess("forgiven");
  expect(await times(10, "failed")).toEqual(Array(10).fill("reserved"));
});

test("a completed sign-in leaves the guesses of others reserved", async () => {
  for (let n = 0; n < 10; n += 1) await reserve();
  await settle("forgiven");
  expect(await reserve()).toBe("reserved");
  expect(await reserve()).toBe("crowded");
});

test("what is given back leaves no trace", async () => {
  expect(await times(30, "given_back")).toEqual(Array(30).fill("reserved"));
  expect(await row()).toBeUndefined();
});

test("no more guesses are under way than failures are left", async () => {
  await times(4, "failed");
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve()));
  expect(outcomes.filter((outcome) => outcome === "reserved")).toHaveLength(6);
  expect(outcomes.filter((outcome) => outcome === "crowded")).toHaveLength(44);
});

test("reservations of a process that died are void after a minute", async () => {
  for (let n = 0; n < 10; n += 1) await reserve();
  core.clock.advance(minute - 1);
  expect(await reserve()).toBe("crowded");
  core.clock.advance(1);
  expect(await reserve()).toBe("reserved");
  expect(await row()).toMatchObject({ reserved: 1 });
});

test("pruning removes what says nothing any more, and nothing else", async () => {
  await times(10, "failed");
  const prune = () => core.storage.unit((tx) => pruneGuesses(tx, limits, core.clock.now()));
  core.clock.advance(15 * minute - 1);
  await prune();
  expect(await row()).toBeDefined();
  core.clock.advance(1);
  await prune();
  expect(await row()).toBeUndefined();
});
