import { describe, expect, test } from "vitest";
import { equalSecrets, sha256 } from "./digest.js";

describe("a digest", () => {
  test("is the SHA-256 of FIPS 180-4, in hex", () => {
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  test("is the same for text and for its UTF-8 bytes", () => {
    expect(sha256("Türe")).toBe(sha256(new TextEncoder().encode("Türe")));
  });
});

describe("two secrets", () => {
  test("are equal where their bytes are, as text or not", () => {
    expect(equalSecrets("open sesame", new TextEncoder().encode("open sesame"))).toBe(true);
  });

  test.each([
    ["another letter", "open sesame", "open sesamE"],
    ["another length", "open sesame", "open sesame "],
    ["nothing", "open sesame", ""],
  ])("differ by %s", (_, a, b) => {
    expect(equalSecrets(a, b)).toBe(false);
  });
});
