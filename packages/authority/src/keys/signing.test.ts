import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  exportPrivateKey,
  generateSigningKey,
  importPrivateJwk,
  importPrivateKey,
  signer,
  thumbprint,
  verifier,
} from "./signing.js";

/** RFC 8037, appendix A.1. */
const rfc8037 = {
  kty: "OKP",
  crv: "Ed25519",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
};
const message = new TextEncoder().encode("who goes there");
const invalid = expect.objectContaining({ code: "signing_key_invalid" }) as unknown;

describe("the test key of RFC 8037", () => {
  const key = importPrivateJwk("EdDSA", rfc8037);

  test("has the public half and the thumbprint of appendix A.3", () => {
    expect(key.publicJwk).toEqual({ crv: "Ed25519", kty: "OKP", x: rfc8037.x });
    expect(key.kid).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });

  test("signs as in appendix A.4", () => {
    const input = new TextEncoder().encode("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    expect(Buffer.from(signer(key)(input)).toString("base64url")).toBe(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    );
  });
});

describe("a thumbprint", () => {
  test("of an RSA key is that of RFC 7638, section 3.1", () => {
    const n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs" +
      "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha" +
      "jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const jwk = { kty: "RSA", n, e: "AQAB", alg: "RS256", kid: "2011-04-29" };
    expect(thumbprint(jwk)).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  });

  test("is that of the public half, whatever else the JWK says", () => {
    expect(thumbprint({ ...rfc8037, use: "sig" })).toBe(importPrivateJwk("EdDSA", rfc8037).kid);
  });

  test.each([{ kty: "oct", k: "AA" }, { kty: "OKP", crv: "Ed25519" }, {}])("is refused for %j", (jwk) => {
    expect(() => thumbprint(jwk)).toThrow(invalid);
  });
});

describe("a signing key", () => {
  const key = generateSigningKey("EdDSA");

  test("is another one each time", () => {
    expect(generateSigningKey("EdDSA").kid).not.toBe(key.kid);
  });

  test("makes signatures that its public half takes, and for no other message, signature or key", () => {
    const signature = signer(key)(message);
    const verify = verifier(key.publicJwk);
    expect(verify(message, signature)).toBe(true);
    expect(verify(message.slice(1), signature)).toBe(false);
    expect(verify(message, signature.slice(1))).toBe(false);
    expect(verify(message, new Uint8Array())).toBe(false);
    expect(verifier(generateSigningKey("EdDSA").publicJwk)(message, signature)).toBe(false);
  });

  test("comes back from its PKCS #8 bytes", () => {
    const again = importPrivateKey("EdDSA", exportPrivateKey(key));
    expect(again.kid).toBe(key.kid);
    expect(verifier(key.publicJwk)(message, signer(again)(message))).toBe(true);
  });

  test.each([
    ["rubbish", new Uint8Array(48)],
    ["nothing", new Uint8Array()],
    ["a key of another curve", generateKeyPairSync("x25519").privateKey.export({ format: "der", type: "pkcs8" })],
    [
      "a key of another kind",
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "der", type: "pkcs8" }),
    ],
  ])("is not made from %s", (_, bytes) => {
    expect(() => importPrivateKey("EdDSA", bytes)).toThrow(invalid);
  });

  test("is not made from a JWK without its private half", () => {
    expect(() => importPrivateJwk("EdDSA", key.publicJwk)).toThrow(invalid);
  });

  test("shows nothing private when it is printed or written as JSON", () => {
    const fixed = importPrivateJwk("EdDSA", rfc8037);
    const shown = inspect(fixed, { depth: 9, showHidden: true }) + JSON.stringify(fixed);
    expect(shown).toContain(fixed.kid);
    expect(shown).not.toContain(rfc8037.d);
  });
});

test("a verifier is not made for a key that no algorithm here belongs to", () => {
  const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  expect(() => verifier(p256)).toThrow(invalid);
  expect(() => verifier({ kty: "OKP", crv: "Ed25519", x: "AA" })).toThrow(invalid);
});
