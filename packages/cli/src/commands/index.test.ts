import { describe, expect, test } from "vitest";
import { run } from "../index.js";
import { commands } from "./index.js";

async function cardea(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await run(argv, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
    cwd: "/nowhere",
    signal: AbortSignal.abort(),
  });
  return { code, out, err };
}

test.each(Object.keys(commands))("the help of %s is found by its words, and fits a terminal", async (name) => {
  const { code, out } = await cardea(...name.split(" "), "--help");
  expect(code).toBe(0);
  expect(out).toContain(`Usage: cardea ${name}`);
  expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

describe("a command of two words", () => {
  test("is not found by its first word alone, and its siblings are named", async () => {
    const { code, err } = await cardea("audit");
    expect(code).toBe(2);
    expect(err).toContain('"audit" stands before another word: audit list, audit verify, audit key');
  });

  test("is named whole where it is used wrongly", async () => {
    const { code, err } = await cardea("keys", "withdraw");
    expect(code).toBe(2);
    expect(err).toContain('"keys withdraw" wants a KID. Read: cardea keys withdraw --help');
  });
});

describe("values", () => {
  test.each([
    ["--limit", "0", "a number from 1"],
    ["--limit", "many", "a number from 1"],
    ["--since", "yesterday", "a date or a time"],
    ["--since", "2031-13-01", "a date or a time"],
    ["--since", "2031-01-01T10:00:00", "a date or a time"],
  ])("%s %s is refused", async (option, value, expected) => {
    const { code, err } = await cardea("audit", "list", option, value);
    expect(code).toBe(2);
    expect(err).toContain(expected);
  });

  test.each(["12", "0:00", `1:${"0".repeat(63)}`, `1:${"G".repeat(64)}`])("--head %s is refused", async (value) => {
    const { code, err } = await cardea("audit", "verify", "--head", value);
    expect(code).toBe(2);
    expect(err).toContain("the head that an earlier run has printed");
  });
});

test.each([
  ["keys", "list"],
  ["audit", "list"],
  ["audit", "verify"],
  ["audit", "key"],
])("%s %s says where it has looked when there is no database", async (...words) => {
  const { code, err } = await cardea(...words, "--data", "/nowhere/data");
  expect(code).toBe(1);
  expect(err).toContain("there is no house: /nowhere/data/cardea.db does not exist. Say where it is: --data DIR");
});
