import { describe, expect, test } from "vitest";
import { decoyPhc, readPhc, withinBounds } from "./phc.js";

const parameters = { memoryKiB: 19_456, iterations: 2, parallelism: 1 };
const good = decoyPhc(parameters, (count) => new Uint8Array(count).fill(0xfe));

describe("a stored hash", () => {
  test("tells its parameters", () => {
    expect(readPhc(good)).toEqual(parameters);
  });

  test("may cost more than a new one, within bounds", () => {
    const dear = good.replace("m=19456,t=2,p=1", "m=65536,t=3,p=4");
    expect(readPhc(dear)).toEqual({ memoryKiB: 65_536, iterations: 3, parallelism: 4 });
  });

  test.each([
    ["4 TiB of memory", "m=4294967295"],
    ["more memory than a hash may ask for", "m=262145"],
    ["less memory than its lanes need", "m=7"],
    ["no memory", "m=0"],
    ["a number with a leading zero", "m=019456"],
    ["a negative number", "m=-1"],
  ])("is not read where it asks for %s", (_, memory) => {
    expect(readPhc(good.replace("m=19456", memory))).toBeUndefined();
  });

  test.each([
    ["too many passes", "t=2", "t=17"],
    ["no pass", "t=2", "t=0"],
    ["too many lanes", "p=1", "p=17"],
    ["another variant", "argon2id", "argon2i"],
    ["an older version", "v=19", "v=16"],
    ["no version", "$v=19", ""],
    ["the alphabet of URLs", "/v", "_v"],
    ["an output of nothing", /\$[^$]*$/, "$"],
    ["an endless output", /$/, "A".repeat(1_000_000)],
    ["a line break at its end", /$/, "\n"],
  ])("is not read where it has %s", (_, from, to) => {
    const hostile = good.replace(from, to);
    expect(hostile).not.toBe(good);
    expect(readPhc(hostile)).toBeUndefined();
  });

  test.each(["", "$", "hunter2", "$2b$12$abcdefghijklmnopqrstuv"])("is not %j", (text) => {
    expect(readPhc(text)).toBeUndefined();
  });
});

test("a decoy differs with its random and reads like any hash", () => {
  const other = decoyPhc(parameters, (count) => new Uint8Array(count).fill(1));
  expect(other).not.toBe(good);
  expect(readPhc(other)).toEqual(parameters);
});

test.each([
  [{ memoryKiB: 262_144, iterations: 16, parallelism: 16 }, true],
  [{ memoryKiB: 262_145, iterations: 2, parallelism: 1 }, false],
  [{ memoryKiB: 19_456.5, iterations: 2, parallelism: 1 }, false],
  [{ memoryKiB: Number.NaN, iterations: 2, parallelism: 1 }, false],
  [{ memoryKiB: 19_456, iterations: 0, parallelism: 1 }, false],
])("%j is within bounds: %s", (candidate, expected) => {
  expect(withinBounds(candidate)).toBe(expected);
});
