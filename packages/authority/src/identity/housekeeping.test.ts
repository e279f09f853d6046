import { manualClock } from "@cardea/core";
import { expect, test } from "vitest";
import { keepHouse } from "./housekeeping.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("each chore has its own rhythm, and one that fails is tried again", async () => {
  const clock = manualClock(0);
  const runs = { often: 0, seldom: 0 };
  const failures: unknown[] = [];
  const end = keepHouse(
    clock,
    [
      { everyMs: 10, run: () => Promise.resolve((runs.often += 1)) },
      {
        everyMs: 25,
        run: () => {
          runs.seldom += 1;
          return Promise.reject(new Error("no luck"));
        },
      },
    ],
    (error) => failures.push(error),
  );
  for (let at = 0; at < 50; at += 5) {
    clock.advance(5);
    await turn();
  }
  expect(runs).toEqual({ often: 5, seldom: 2 });
  expect(failures).toHaveLength(2);
  await end();
  clock.advance(1_000);
  expect(runs).toEqual({ often: 5, seldom: 2 });
});

test("a chore never runs twice at a time, and the end waits for what is under way", async () => {
  const clock = manualClock(0);
  let runs = 0;
  let finish = () => {};
  const end = keepHouse(
    clock,
    [
      {
        everyMs: 10,
        run() {
          runs += 1;
          return new Promise<void>((resolve) => (finish = resolve));
        },
      },
    ],
    () => undefined,
  );
  clock.advance(100);
  await turn();
  expect(runs).toBe(1);
  let ended = false;
  const ending = end().then(() => (ended = true));
  await turn();
  expect(ended).toBe(false);
  finish();
  await ending;
  clock.advance(100);
  expect(runs).toBe(1);
});
