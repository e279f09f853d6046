import { inspect, format } from "node:util";
import { describe, expect, test } from "vitest";
import { Secret, equal, redact } from "./secret.js";

const value = "hunter2-hunter2";

describe("a secret", () => {
  const views: readonly (readonly [string, (secret: Secret) => string])[] = [
    ["a template string", (secret) => `${secret as unknown as string}`],
    ["String()", (secret) => String(secret)],
    ["concatenation", (secret) => "" + (secret as unknown as string)],
    ["a number", (secret) => String(Number(secret))],
    ["JSON", (secret) => JSON.stringify({ secret })],
    ["inspect", (secret) => inspect({ secret }, { showHidden: true, depth: 9, getters: true })],
    ["console formats", (secret) => format("%s %o %O %j", secret, secret, secret, secret)],
    ["a structured clone", (secret) => inspect(structuredClone(secret), { showHidden: true })],
    ["its keys and symbols", (secret) => inspect(Reflect.ownKeys(secret).map((key) => Reflect.get(secret, key)))],
    ["a spread copy", (secret) => inspect({ ...secret })],
  ];

  test.each(views)("does not show in %s", (_, view) => {
    expect(view(Secret.of(value))).not.toContain("hunter2");
  });

  test("is given out by expose alone", () => {
    expect(Secret.of(value).expose()).toBe(value);
  });

  test("made of a secret is that secret", () => {
    const secret = Secret.of(value);
    expect(Secret.of(secret)).toBe(secret);
  });

  test("has nothing left to give after dispose", () => {
    const secret = Secret.of(value);
    expect(secret.disposed).toBe(false);
    secret.dispose();
    secret.dispose();
    expect(secret.disposed).toBe(true);
    expect(() => secret.expose()).toThrow(expect.objectContaining({ name: "CardeaError", code: "secret_disposed" }));
  });

  test("is disposed by the runtime's own protocol", () => {
    const secret = Secret.of(value);
    secret[Symbol.dispose]();
    expect(secret.disposed).toBe(true);
  });
});

describe("equal", () => {
  test.each([
    ["abc", "abc", true],
    ["", "", true],
    ["abc", "abd", false],
    ["abc", "ab", false],
    ["ab", "abc", false],
    ["é", "e\u0301", false],
  ])("of %j and %j is %j in every form", (left, right, same) => {
    const forms = [(text: string) => text, Secret.of, (text: string) => new TextEncoder().encode(text)];
    for (const a of forms) for (const b of forms) expect(equal(a(left), b(right))).toBe(same);
  });

  test("takes no unpaired surrogate for another, although both have the same bytes", () => {
    expect(equal("\ud800", "\udbff")).toBe(false);
    expect(equal("\ud800", "\ufffd")).toBe(false);
  });
});

describe("redact", () => {
  test.each<[string, (string | Secret)[], string]>([
    ["nothing to hide", ["secret"], "nothing to hide"],
    ["token abc, again abc", ["abc"], "token [redacted], again [redacted]"],
    ["token abc", [Secret.of("abc")], "token [redacted]"],
    ["the long one: abcdef", ["abc", "abcdef"], "the long one: [redacted]"],
    ["overlapping abcde", ["abc", "cde"], "overlapping [redacted]"],
    ["aaaa", ["aaa"], "[redacted]"],
    ["abab", ["ab"], "[redacted][redacted]"],
    [
      "what stands in the mask is not masked: abc",
      ["abc", "redacted"],
      "what stands in the mask is not masked: [redacted]",
    ],
    ["not a pattern: a.c abc", ["a.c"], "not a pattern: [redacted] abc"],
    ["empty ones hide nothing", ["", Secret.of("")], "empty ones hide nothing"],
  ])("turns %j without %o into %j", (text, secrets, clean) => {
    expect(redact(text, secrets)).toBe(clean);
  });

  test("passes over a disposed secret", () => {
    const secret = Secret.of("abc");
    secret.dispose();
    expect(redact("abc d", [secret, "d"])).toBe("abc [redacted]");
  });

  test("cuts after it has replaced, so that half a secret never stays", () => {
    expect(redact("12345 secret", ["secret"], { maxLength: 9 })).toBe("12345 [re");
  });

  test("cuts no character in two", () => {
    expect(redact("ab😀", [], { maxLength: 3 })).toBe("ab");
    expect(redact("ab😀", [], { maxLength: 4 })).toBe("ab😀");
  });
});
