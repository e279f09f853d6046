import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonSyntaxError, parseJson } from "./json.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseJson(bytes(text));
/** Objects without prototype compare as plain ones do. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("parseJson", () => {
  test("reads whatever JSON.stringify writes, as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(text.isWellFormed() && !/\\ud[89a-f]/i.test(text));
        expect(plain(parse(text))).toEqual(plain(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  test("never takes what JSON.parse refuses", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "a",
      "1",
      "0",
      "-",
      ".",
      "e",
      "+",
      "t",
      "true",
      "null",
      " ",
      "\n",
      "\\",
      "\\u",
      "\u0000",
      "\u00e9",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        let ours: unknown;
        try {
          ours = parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonSyntaxError);
          return;
        }
        expect(plain(ours)).toEqual(plain(JSON.parse(text)));
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ["a name twice", '{"a":1,"a":2}'],
    ["a name twice, once escaped", '{"a":1,"\\u0061":2}'],
    ["a name twice in a nested object", '{"x":[{"a":1,"a":1}]}'],
    ["a name twice that is __proto__", '{"__proto__":1,"__proto__":2}'],
    ["a byte order mark", '\ufeff{"a":1}'],
    ["an unpaired surrogate", '{"a":"\\ud800"}'],
    ["an unpaired surrogate in a name", '{"\\udc00":1}'],
    ["something after the value", "{} {}"],
    ["nothing", ""],
    ["only blanks", " \n"],
    ["a trailing comma", "[1,]"],
    ["a leading zero", "01"],
    ["a bare word", "undefined"],
    ["a raw control character in a string", '"\u0001"'],
    ["single quotes", "{'a':1}"],
    ["a comment", "{/**/}"],
  ])("refuses %s", (_, text) => {
    expect(() => parse(text)).toThrow(JsonSyntaxError);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(JsonSyntaxError);
    expect(() => parseJson(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22))).toThrow(JsonSyntaxError);
  });

  test("takes 32 levels and refuses the 33rd, however deep the rest is", () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(() => parse(nested(33))).not.toThrow();
    expect(() => parse(nested(34))).toThrow("nests deeper than 32");
    expect(() => parse(nested(100_000))).toThrow("nests deeper than 32");
  });

  test("counts values at every depth and stops where there are too many", () => {
    const few = { depth: 32, values: 5 };
    expect(() => parseJson(bytes('{"a":[1,{"b":2}]}'), few)).not.toThrow();
    expect(() => parseJson(bytes('{"a":[1,{"b":2},3]}'), few)).toThrow("more than 5 values");
    expect(() => parse(`[${"0,".repeat(200_000)}0]`)).toThrow("more than 100000 values");
  });

  test("gives objects without a prototype, so that no name is special", () => {
    const value = parse('{"__proto__":{"admin":true},"constructor":1}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).toBeNull();
  });

  test("says what is wrong without quoting the text", () => {
    expect(() => parse('{"password":"hunter2" "x":1}')).toThrow(/^(?!.*hunter2).*$/s);
  });
});
