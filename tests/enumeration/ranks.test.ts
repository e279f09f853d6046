import { describe, expect, test } from "vitest";
import { criticalScore, leastShift, medianErrorOf, medianOf, powerOf, rankScore } from "./ranks.js";

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

function sampleOf(count: number, source: Generator<number, never>, shift = 0): number[] {
  // Three uniform numbers make a bell, and one in twenty comes late, as on a busy machine.
  return Array.from({ length: count }, () => {
    const bell = source.next().value + source.next().value + source.next().value;
    return bell + shift + (source.next().value < 0.05 ? 10 : 0);
  });
}

test("the rank score is that of the textbook, with ties and without", () => {
  // U is 0 of 12, the mean 6, the variance 3 x 4 x 8 / 12.
  expect(rankScore([1, 2, 3], [4, 5, 6, 7])).toBeCloseTo(-6 / Math.sqrt(8), 12);
  expect(rankScore([4, 5, 6, 7], [1, 2, 3])).toBeCloseTo(6 / Math.sqrt(8), 12);
  // Ranks 1, 3, 3 and 3, 5: U is 1 of 6, and three ties take 24 / 20 off the 6 of the variance.
  expect(rankScore([1, 2, 2], [2, 3])).toBeCloseTo(-2 / Math.sqrt(0.5 * (6 - 24 / 20)), 12);
  expect(rankScore([1, 1], [1, 1])).toBe(0);
});

test("critical scores are those of the table", () => {
  expect(criticalScore(0.05)).toBeCloseTo(1.95996, 4);
  expect(criticalScore(0.01)).toBeCloseTo(2.57583, 4);
  expect(criticalScore(0.001)).toBeCloseTo(3.29053, 4);
});

test("the median lies in the middle", () => {
  expect(medianOf([3, 1, 2])).toBe(2);
  expect(medianOf([4, 1, 2, 3])).toBe(2.5);
});

test("the error of the median is that of the theory where the distribution is known", () => {
  const source = numbers(5);
  const uniform = Array.from({ length: 10_000 }, () => source.next().value);
  expect(medianErrorOf(uniform) / (0.5 / Math.sqrt(10_000))).toBeCloseTo(1, 0);
});

describe("of a thousand trials", () => {
  const [perClass, level] = [60, 0.01];
  const foundOf = (shift: number): number => {
    const source = numbers(7);
    const critical = criticalScore(level);
    const trials = Array.from({ length: 1_000 }, () =>
      rankScore(sampleOf(perClass, source, shift), sampleOf(perClass, source)),
    );
    return trials.filter((score) => Math.abs(score) > critical).length / 1_000;
  };

  test("as many find a difference that is not there as the level says", () => {
    expect(foundOf(0)).toBeLessThan(0.02);
  });

  test("as many find one that is there as the power says", () => {
    const sample = sampleOf(1_000, numbers(3));
    for (const shift of [0.2, 0.3, 0.4]) {
      expect(Math.abs(powerOf(sample, { shift, perClass, level }) - foundOf(shift))).toBeLessThan(0.06);
    }
    expect(foundOf(leastShift(sample, { wanted: 0.99, perClass, level }))).toBeGreaterThan(0.97);
  });
});
