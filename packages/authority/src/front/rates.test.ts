import { expect, test } from "vitest";
import { manualClock } from "@cardea/core";
import { createRates } from "./rates.js";

const login = { perSecond: 10, burst: 10 };

function tries(count: number, take: () => number | undefined): number {
  return Array.from({ length: count }, take).filter((wait) => wait === undefined).length;
}

test("a burst passes, then nothing until the bucket fills again, continuously", () => {
  const clock = manualClock(0);
  const rates = createRates({ login }, clock);
  const take = () => rates.take("login", "192.0.2.7");
  expect(tries(40, take)).toBe(10);
  clock.advance(99);
  expect(take()).toBe(1);
  clock.advance(1);
  expect(take()).toBeUndefined();
  clock.advance(500);
  expect(tries(40, take)).toBe(5);
  clock.advance(3_600_000);
  expect(tries(40, take)).toBe(10);
});

test("the wait is in whole seconds and long enough", () => {
  const clock = manualClock(0);
  const rates = createRates({ slow: { perSecond: 0.1, burst: 1 } }, clock);
  expect(rates.take("slow", "a")).toBeUndefined();
  expect(rates.take("slow", "a")).toBe(10);
  clock.advance(8_500);
  expect(rates.take("slow", "a")).toBe(2);
  clock.advance(1_500);
  expect(rates.take("slow", "a")).toBeUndefined();
});

test("rates and networks have buckets of their own", () => {
  const rates = createRates({ login, validate: login }, manualClock(0));
  expect(tries(20, () => rates.take("login", "a"))).toBe(10);
  expect(tries(20, () => rates.take("login", "b"))).toBe(10);
  expect(tries(20, () => rates.take("validate", "a"))).toBe(10);
});

test("a clock that is set back or forth gives nothing away", () => {
  const clock = manualClock(1_000_000);
  const rates = createRates({ login }, clock);
  expect(tries(20, () => rates.take("login", "a"))).toBe(10);
  clock.set(9_000_000);
  expect(rates.take("login", "a")).toBe(1);
  clock.set(0);
  expect(rates.take("login", "a")).toBe(1);
});

test("a rate that is off, or that nobody named, lets everything pass", () => {
  const rates = createRates({ login: "off" }, manualClock(0));
  expect(tries(1000, () => rates.take("login", "a"))).toBe(1000);
  expect(tries(1000, () => rates.take("other", "a"))).toBe(1000);
});

test("memory is bounded: who came long ago is forgotten, who comes again and again is not", () => {
  const rates = createRates({ login: { perSecond: 0.001, burst: 1 } }, manualClock(0));
  rates.take("login", "gone");
  rates.take("login", "here");
  for (let at = 0; at < 100_000; at += 1) {
    rates.take("login", `n${at}`);
    if (at % 10_000 === 0) expect(rates.take("login", "here")).toBe(1000);
  }
  expect(rates.take("login", "gone")).toBeUndefined();
});

test.each([
  { perSecond: 0, burst: 1 },
  { perSecond: 1, burst: 0 },
  { perSecond: NaN, burst: 1 },
])("%o lets nobody through", (rate) => {
  expect(() => createRates({ rate }, manualClock(0))).toThrow(RangeError);
});
