import fc from "fast-check";
import { expect, test } from "vitest";
import { isWithin, mergeRanges, readIds, writeIds } from "./id-ranges.js";

const rising = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 })
  .map((ids) => ids.sort((a, b) => a - b));

test("what is written is read again: the same ids, and no others", () => {
  fc.assert(
    fc.property(rising, (ids) => {
      const ranges = readIds(writeIds(ids)) ?? [];
      const within = Array.from({ length: 62 }, (_, id) => id).filter((id) => isWithin(ranges, id));
      expect(within).toEqual(ids);
    }),
  );
});

test("a run of ids is one range", () => {
  expect(writeIds([1, 2, 3, 5, 7, 8])).toBe("1-3,5,7-8");
});

test.each(["", "0", "1-", "2-1", "1,1", "3,2", "1 ", "01", "1-2,2-3", "-1", "1;2"])("%j is no list of ids", (text) => {
  expect(readIds(text)).toBeUndefined();
});

test("ranges that touch or overlap are made one", () => {
  const range = (first: number, last: number) => ({ first, last });
  expect(mergeRanges([range(7, 9), range(1, 3), range(4, 5), range(8, 12)])).toEqual([range(1, 5), range(7, 12)]);
});
