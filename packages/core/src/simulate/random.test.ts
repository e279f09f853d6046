import { expect, test } from "vitest";
import { SeededRandom } from "./random.js";

const draws = (random: SeededRandom, count: number) => Array.from({ length: count }, () => random.next());

test("the same seed gives the same numbers, another one gives others", () => {
  expect(draws(new SeededRandom(7), 20)).toEqual(draws(new SeededRandom(7), 20));
  expect(draws(new SeededRandom(7), 20)).not.toEqual(draws(new SeededRandom(8), 20));
});

test("what a fork draws does not move its origin", () => {
  const [one, two] = [new SeededRandom(7), new SeededRandom(7)];
  draws(one.fork(), 5);
  two.fork();
  expect(one.next()).toBe(two.next());
});

test("numbers lie within their bounds, reach both, and spread evenly", () => {
  const random = new SeededRandom(1);
  const counts = new Map<number, number>();
  for (let draw = 0; draw < 6_000; draw += 1) {
    const value = random.between(1, 6);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("neighbouring seeds do not begin alike", () => {
  const firsts = Array.from({ length: 1_000 }, (_, seed) => new SeededRandom(seed).next());
  expect(new Set(firsts).size).toBe(1_000);
  expect(firsts.filter((first) => first < 0.5).length).toSatisfy((count: number) => count > 430 && count < 570);
});

test("what is sure happens, and what is impossible does not", () => {
  const random = new SeededRandom(3);
  const tries = Array.from({ length: 500 }, () => [random.chance(0), random.chance(1)]);
  expect(tries).toEqual(tries.map(() => [false, true]));
});

test("bytes have the length that was asked for", () => {
  expect(new SeededRandom(5).bytes(16)).toHaveLength(16);
});
