import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { singleUseKinds } from "../../packages/authority/dist/storage/single-use.js";
import { usualHouse } from "../mcias/house.js";
import { openers, type Arena } from "./arena.js";
import { carelessRace, otherRaces, singleUseRaces } from "./races.js";

test("every kind of thing that may be used once has a race", () => {
  expect(Object.keys(singleUseRaces).sort()).toEqual(Object.keys(singleUseKinds).sort());
});

/** Each with another latency; `npm run soak` plays many. */
const rounds = process.env["CARDEA_SOAK"] === "1" ? 50 : 1;

describe.each(openers)("over $name, of eight who want it at once", (opener) => {
  let arena: Arena;
  beforeAll(async () => {
    // Losers may be many, and are not to be locked out.
    arena = await opener.open(usualHouse({ profile: "extended" }, { guesses: { limit: 1_000 } }));
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  test.each(Object.entries({ ...singleUseRaces, ...otherRaces }))(
    "%s goes to as many as may have it",
    async (_, race) => {
      for (let round = race.own ? 1 : rounds; round > 0; round -= 1) {
        expect(await race.run(arena, opener)).toBe(race.winners ?? 1);
      }
    },
  );

  test("more than one gets what is looked at first and taken after: the latency does its work", async () => {
    expect(await carelessRace.run(arena, opener)).toBeGreaterThan(1);
  });
});
