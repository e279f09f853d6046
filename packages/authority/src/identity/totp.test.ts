import fc from "fast-check";
import * as OTPAuth from "otpauth";
import { describe, expect, test } from "vitest";
import { decodeBase32, encodeBase32, matchingStep, newTotpSecret, otpauthUri, totpCode, totpStep } from "./totp.js";

const rfcSecret = new TextEncoder().encode("12345678901234567890");
const secrets = fc.uint8Array({ minLength: 1, maxLength: 64 });

describe("a code", () => {
  test.each([
    [59, "94287082"],
    [1111111109, "07081804"],
    [1111111111, "14050471"],
    [1234567890, "89005924"],
    [2000000000, "69279037"],
    [20000000000, "65353130"],
  ])("at second %i is the end of that in RFC 6238, appendix B", (second, code) => {
    expect(totpCode(rfcSecret, totpStep(second * 1000))).toBe(code.slice(-6));
  });

  test("is what an independent implementation computes", () => {
    fc.assert(
      fc.property(secrets, fc.nat({ max: 4_000_000_000_000 }), (secret, timestamp) => {
        const other = new OTPAuth.TOTP({ secret: new OTPAuth.Secret({ buffer: Uint8Array.from(secret).buffer }) });
        expect(totpCode(secret, totpStep(timestamp))).toBe(other.generate({ timestamp }));
      }),
    );
  });
});

describe("the matching step", () => {
  const step = 1000;
  const now = step * 30_000 + 29_999;
  const codeOf = (offset: number) => totpCode(rfcSecret, step + offset);
  const never = -1;

  test.each([-1, 0, 1])("is found %i steps from now", (offset) => {
    expect(matchingStep(rfcSecret, codeOf(offset), now, { window: 1, after: never })).toBe(step + offset);
  });

  test.each([-2, 2])("is not found %i steps from now", (offset) => {
    expect(matchingStep(rfcSecret, codeOf(offset), now, { window: 1, after: never })).toBeUndefined();
  });

  test.each([
    [-1, step - 2, step - 1],
    [-1, step - 1, undefined],
    [0, step, undefined],
    [0, step + 1, undefined],
    [1, step, step + 1],
  ])("%i steps from now, after step %i was accepted, is %s", (offset, after, expected) => {
    expect(matchingStep(rfcSecret, codeOf(offset), now, { window: 1, after })).toBe(expected);
  });

  test("is found in the first step of time", () => {
    expect(matchingStep(rfcSecret, totpCode(rfcSecret, 0), 0, { window: 1, after: never })).toBe(0);
  });

  test.each([
    "",
    "1",
    "12345",
    "1234567",
    "12345a",
    " 12345",
    "+12345",
    "１２３４５６",
    `${totpCode(rfcSecret, 1000)}\n`,
  ])("is none for %j", (code) => {
    expect(matchingStep(rfcSecret, code, now, { window: 1, after: never })).toBeUndefined();
  });

  test("is what an independent implementation finds", () => {
    fc.assert(
      fc.property(
        secrets,
        fc.integer({ min: 10, max: 10_000 }),
        fc.integer({ min: -3, max: 3 }),
        (secret, at, offset) => {
          const other = new OTPAuth.TOTP({ secret: new OTPAuth.Secret({ buffer: Uint8Array.from(secret).buffer }) });
          const code = totpCode(secret, at + offset);
          const delta = other.validate({ token: code, timestamp: at * 30_000, window: 1 });
          const found = matchingStep(secret, code, at * 30_000, { window: 1, after: never });
          expect(found === undefined ? null : totpCode(secret, found)).toBe(delta === null ? null : code);
        },
      ),
    );
  });
});

describe("a secret", () => {
  test("is 20 random bytes", () => {
    expect(newTotpSecret()).toHaveLength(20);
    expect(newTotpSecret()).not.toEqual(newTotpSecret());
  });

  test("stands in the address for authenticator apps so that they read it back", () => {
    const uri = otpauthUri({ issuer: "MCIAS", account: "alice@example.com & co", secret: rfcSecret });
    const read = OTPAuth.URI.parse(uri);
    expect(read).toMatchObject({
      issuer: "MCIAS",
      label: "alice@example.com & co",
      algorithm: "SHA1",
      digits: 6,
      period: 30,
    });
    expect(read.secret.base32).toBe("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  });
});

describe("base32", () => {
  test.each([
    ["", ""],
    ["f", "MY"],
    ["fo", "MZXQ"],
    ["foo", "MZXW6"],
    ["foob", "MZXW6YQ"],
    ["fooba", "MZXW6YTB"],
    ["foobar", "MZXW6YTBOI"],
    ["12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
  ])("of %j is %j, as in RFC 4648", (text, base32) => {
    expect(encodeBase32(new TextEncoder().encode(text))).toBe(base32);
    expect(decodeBase32(base32)).toEqual(new TextEncoder().encode(text));
  });

  test("brings back every secret", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes);
      }),
    );
  });

  test("has one spelling for each secret", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ABCDEFGH234567"), maxLength: 20 }), (text) => {
        const bytes = decodeBase32(text);
        if (bytes !== undefined) expect(encodeBase32(bytes)).toBe(text);
      }),
    );
  });

  test.each(["my", "MY======", "M", "MZX", "MZXW6Y", "MZ", "M1", "M Y", "MY\n"])("refuses %j", (text) => {
    expect(decodeBase32(text)).toBeUndefined();
  });
});
