import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openCore, type TestCore } from "../identity/core.test.support.js";
import { hashFloor } from "../workers/hash-pool.js";
import { withinBounds } from "../workers/phc.js";
import { applyHouse } from "./apply.js";
import { loadHouse } from "./load.js";
import { hashCeiling } from "./schema.js";
import { loadSettings } from "./settings.js";

const minute = 60_000;
let core: TestCore;

beforeEach(async () => {
  core = await openCore();
});

afterEach(() => core.storage.close());

const apply = async (house: object) => applyHouse(core, await loadHouse(house));
const load = async (house?: object) =>
  loadSettings(core.storage.read, house === undefined ? undefined : await loadHouse(house));

const network = { limit: 1000, windowMs: 15 * minute, lockMs: 15 * minute };

test("where nothing was ever said, ten failures in a quarter of an hour lock for as long, and hashes cost the least", async () => {
  expect(await load()).toEqual({
    guesses: { account: { limit: 10, windowMs: 15 * minute, lockMs: 15 * minute }, network },
    passwordHash: hashFloor,
    rotateKeysAfterMs: "off",
    sections: {},
  });
});

test("what a house said is as good without its file", async () => {
  const house = {
    guesses: { limit: 5, lockSeconds: 60, perNetwork: "off" },
    passwordHash: { iterations: 3 },
    keys: { rotateDays: 30 },
    mcias: { profile: "extended" },
  };
  const given = await load(house);
  expect(given).toEqual({
    guesses: { account: { limit: 5, windowMs: 15 * minute, lockMs: minute }, network: "off" },
    passwordHash: { ...hashFloor, iterations: 3 },
    rotateKeysAfterMs: 30 * 24 * 60 * minute,
    sections: { mcias: { profile: "extended" } },
  });
  await apply(house);
  expect(await load()).toEqual(given);
});

test("a house that is given wins over the one before, section by section", async () => {
  await apply({ guesses: { limit: 5 }, mcias: { profile: "extended" } });
  const both = await load({ guesses: { perNetwork: 7 } });
  expect(both.guesses).toEqual({
    account: { limit: 10, windowMs: 15 * minute, lockMs: 15 * minute },
    network: { ...network, limit: 7 },
  });
  expect(both.sections).toEqual({ mcias: { profile: "extended" } });
});

test("a file without a section leaves what an earlier one said", async () => {
  await apply({ mcias: { profile: "extended" } });
  await apply({ accounts: [{ username: "alice" }] });
  expect((await load()).sections).toEqual({ mcias: { profile: "extended" } });
});

test("the order of the keys of a section is no change", async () => {
  await apply({ guesses: { limit: 5, lockSeconds: 60 } });
  expect(await apply({ guesses: { lockSeconds: 60, limit: 5 } })).toMatchObject({ changes: [], unchanged: 1 });
});

test("what was stored and is not understood any more is refused with its place", async () => {
  await core.storage.unit((tx) =>
    tx.insertInto("settings").values({ name: "house.mcias", value: '{"profile":"ancient"}' }).execute(),
  );
  await expect(load()).rejects.toMatchObject({
    code: "house_invalid",
    message: "the stored setting mcias: profile: expected one of seed, extended",
  });
});

describe("the most that a hash may cost", () => {
  test("can still be read back, and no more can", () => {
    expect(withinBounds(hashCeiling)).toBe(true);
    for (const key of ["memoryKiB", "iterations", "parallelism"] as const) {
      expect(withinBounds({ ...hashCeiling, [key]: hashCeiling[key] + 1 })).toBe(false);
    }
  });
});
