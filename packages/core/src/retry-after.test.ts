import { expect, test } from "vitest";
import { parseRetryAfter } from "./retry-after.js";

const now = Date.UTC(1994, 10, 6, 8, 49, 30);

test.each<[string | undefined, number | undefined]>([
  ["0", 0],
  ["7", 7_000],
  ["007", 7_000],
  ["99999999999999999999", 86_400_000],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 7_000],
  ["Sun, 06 Nov 1994 08:49:20 GMT", 0],
  ["Mon, 06 Nov 2094 08:49:37 GMT", undefined],
  ["Sat, 06 Nov 2094 08:49:37 GMT", 86_400_000],
  [undefined, undefined],
  ["", undefined],
  [" 7", undefined],
  ["7 ", undefined],
  ["+7", undefined],
  ["-7", undefined],
  ["7.5", undefined],
  ["1e3", undefined],
  ["0x10", undefined],
  ["7s", undefined],
  ["1994-11-06T08:49:37Z", undefined],
  ["Sunday, 06-Nov-94 08:49:37 GMT", undefined],
  ["Sun, 06 Nov 1994 08:49:37 +0000", undefined],
  ["sun, 06 nov 1994 08:49:37 gmt", undefined],
  ["soon", undefined],
])("reads %j as %j milliseconds", (value, ms) => {
  expect(parseRetryAfter(value, now)).toBe(ms);
});

test("reads a date as nothing where nobody says what time it is", () => {
  expect(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT")).toBeUndefined();
  expect(parseRetryAfter("7")).toBe(7_000);
});
