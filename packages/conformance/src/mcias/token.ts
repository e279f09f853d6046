import { createHmac, createPublicKey, generateKeyPairSync, sign, verify, type JsonWebKey } from "node:crypto";

/** A part of a token, as bytes. */
function part(token: string, index: number): Buffer {
  return Buffer.from(token.split(".")[index] ?? "", "base64url");
}

/** The claims of a token, unverified. @throws SyntaxError where they are no JSON */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(part(token, 1).toString("utf8")) as Record<string, unknown>;
}

/** The header of a token as text. */
export function headerOf(token: string): string {
  return part(token, 0).toString("utf8");
}

/** Whether a token is signed by this key. */
export function isSignedBy(key: unknown, token: string): boolean {
  const publicKey = createPublicKey({ key: key as JsonWebKey, format: "jwk" });
  return verify(null, Buffer.from(token.slice(0, token.lastIndexOf("."))), publicKey, part(token, 2));
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The same claims, signed by somebody else. */
export function signedByAnother(token: string): string {
  const input = token.slice(0, token.lastIndexOf("."));
  return `${input}.${sign(null, Buffer.from(input), generateKeyPairSync("ed25519").privateKey).toString("base64url")}`;
}

/** The same claims under the old trick: no signature at all. */
export function unsigned(token: string): string {
  return `${encode({ alg: "none", typ: "JWT" })}.${token.split(".")[1] ?? ""}.`;
}

/** The same claims under another: the public key as the secret of an HMAC. */
export function signedWithPublicKey(token: string, key: unknown): string {
  const input = `${encode({ alg: "HS256", typ: "JWT" })}.${token.split(".")[1] ?? ""}`;
  const secret = Buffer.from(String((key as JsonWebKey).x), "base64url");
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** The same signature over claims that were changed. */
export function withClaims(token: string, claims: object): string {
  const [header = "", , signature = ""] = token.split(".");
  return [header, encode({ ...claimsOf(token), ...claims }), signature].join(".");
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Another spelling of the same bytes: the last character of 64 bytes has four bits to spare. */
export function strayBits(token: string): string {
  const last = alphabet.indexOf(token.at(-1) ?? "");
  return token.slice(0, -1) + (alphabet[last ^ 1] ?? "");
}
