import { describe, expect, test } from "vitest";
import { paintFor, wrap } from "./terminal.js";

const write = () => undefined;

describe("colours", () => {
  test("are for a terminal", () => {
    expect(paintFor({ write, isTTY: true }, {}).red("no")).toBe("\u001b[31mno\u001b[39m");
  });

  test.each([
    ["a pipe", false, {}],
    ["NO_COLOR", true, { NO_COLOR: "1" }],
    ["a dumb terminal", true, { TERM: "dumb" }],
  ])("are not for %s", (_, isTTY, env) => {
    expect(paintFor({ write, isTTY }, env).red("no")).toBe("no");
  });

  test("an empty NO_COLOR is none", () => {
    expect(paintFor({ write, isTTY: true }, { NO_COLOR: "" }).bold("yes")).not.toBe("yes");
  });
});

test("lines break between words, and a word that is too long stands alone", () => {
  expect(wrap("one two three, a-very-long-word end", 9)).toEqual(["one two", "three,", "a-very-long-word", "end"]);
});
