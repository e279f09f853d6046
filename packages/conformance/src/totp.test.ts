import { expect, test } from "vitest";
import { decodeBase32, totpCode } from "./totp.js";

const secret = Buffer.from("12345678901234567890");

/** RFC 6238, appendix B, the last six digits. */
test.each([
  [59, "287082"],
  [1111111109, "081804"],
  [1111111111, "050471"],
  [20000000000, "353130"],
])("at %i seconds the code is %s", (seconds, code) => {
  expect(totpCode(secret, Math.floor(seconds / 30))).toBe(code);
});

test("base32 is read in any letter case, with padding or without, and nothing else is", () => {
  for (const text of ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "gezdgnbvgy3tqojqgezdgnbvgy3tqojq=="]) {
    expect(Buffer.from(decodeBase32(text) ?? [])).toEqual(secret);
  }
  for (const text of ["", "1", "GEZ DGN", "GEZ0"]) expect(decodeBase32(text)).toBeUndefined();
});
