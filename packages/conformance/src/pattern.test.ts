import { describe, expect, test } from "vitest";
import {
  absent,
  atLeast,
  compare,
  differentFrom,
  extendedOnly,
  holding,
  including,
  listOf,
  someText,
  trueOrFalse,
  type Pattern,
  type Setting,
} from "./pattern.js";

const setting: Setting = { fill: (text) => text.replace("{{name}}", "worker"), profile: "seed" };
const at = (pattern: Pattern, value: unknown, own = setting) => compare(pattern, value, "", own)?.at;

describe("a pattern takes what it describes and finds what it does not", () => {
  test.each<[string, Pattern, unknown, unknown, string]>([
    ["a literal", 200, 200, 201, ""],
    ["null", null, null, undefined, ""],
    ["a text with a name", "x-{{name}}", "x-worker", "x-{{name}}", ""],
    ["a regular expression", /^a+$/, "aa", "ab", ""],
    ["a regular expression for what is no text", /1/, "1", 1, ""],
    ["exact members, one too many", { a: 1 }, { a: 1 }, { a: 1, b: 2 }, ""],
    ["exact members, one too few", { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }, ""],
    ["exact members, another name", { a: 1 }, { a: 1 }, { b: 1 }, ""],
    ["a member's value", { a: { b: 1 } }, { a: { b: 1 } }, { a: { b: 2 } }, "a.b"],
    ["an object that is a list", {}, {}, [], ""],
    ["a list's length", [1], [1], [1, 1], ""],
    ["a list's item", [1, 2], [1, 2], [1, 3], "[1]"],
    ["some members", including({ a: 1 }), { a: 1, b: 2 }, { b: 2 }, "a"],
    ["a list of any length", listOf({ id: 1 }), [{ id: 1 }, { id: 1 }], [{ id: 1 }, { id: 2 }], "[1].id"],
    ["a text that is not empty", someText, "x", "", ""],
    ["true or false", trueOrFalse, false, "false", ""],
    ["a least number", atLeast(2), 2, 1, ""],
    ["nothing", absent, undefined, "", ""],
    ["a part of a text", holding("no-store"), "private, no-store", "private", ""],
    ["another value", differentFrom("{{name}}"), "other", "worker", ""],
  ])("%s", (_, pattern, good, bad, place) => {
    expect(compare(pattern, good, "", setting)).toBeUndefined();
    expect(at(pattern, bad)).toBe(place);
  });
});

test("a member of the extended profile must be there in it and must not be in the seed profile", () => {
  const pattern = { valid: true, username: extendedOnly("{{name}}") };
  const extended = { ...setting, profile: "extended" } as const;
  expect(compare(pattern, { valid: true }, "", setting)).toBeUndefined();
  expect(compare(pattern, { valid: true, username: "worker" }, "", extended)).toBeUndefined();
  expect(at(pattern, { valid: true, username: "worker" })).toBe("");
  expect(at(pattern, { valid: true }, extended)).toBe("");
  expect(at(pattern, { valid: true, username: "other" }, extended)).toBe("username");
});

test("a mismatch tells what was expected and keeps what was there", () => {
  expect(compare({ a: 1, b: 2 }, { a: 1 }, "body", setting)).toEqual({
    at: "body",
    expected: "exactly the members a, b",
    got: { a: 1 },
  });
});
