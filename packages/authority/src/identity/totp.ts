import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Bytes of a new secret (RFC 4226, section 4: as long as the hash). */
const secretBytes = 20;
const stepMs = 30_000;
const digits = 6;

/** A secret for a new factor. */
export function newTotpSecret(random: (bytes: number) => Uint8Array = randomBytes): Uint8Array {
  return random(secretBytes);
}

/** The code of one time step (RFC 6238 over RFC 4226: SHA-1, six digits, 30 seconds a step). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  // Dynamic truncation, RFC 4226, section 5.3: the last four bits say where to read.
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/** The code that an authenticator shows for a base32 secret at a time in milliseconds since the epoch. */
export function totpCodeAt(base32: string, nowMs: number): string {
  const secret = decodeBase32(base32);
  if (secret === undefined) throw new TypeError("the secret is not base32");
  return totpCode(secret, totpStep(nowMs));
}

/** The time step that `nowMs` lies in. */
export function totpStep(nowMs: number): number {
  return Math.floor(nowMs / stepMs);
}

export interface TotpWindow {
  /** Steps to either side of now that are taken too, for clocks that differ. */
  readonly window: number;
  /** The newest step that was accepted before: nothing at or below it is taken again. */
  readonly after: number;
}

/**
 * The newest time step that has this code, where one in the window does. The time it takes does not depend on which:
 * every step of the window is computed and compared.
 */
export function matchingStep(
  secret: Uint8Array,
  code: string,
  nowMs: number,
  { window, after }: TotpWindow,
): number | undefined {
  if (!/^[0-9]{6}$/.test(code)) return undefined;
  const given = Buffer.from(code);
  const now = totpStep(nowMs);
  let matching: number | undefined;
  for (let step = Math.max(now - window, 0); step <= now + window; step += 1) {
    const same = timingSafeEqual(given, Buffer.from(totpCode(secret, step)));
    if (same && step > after) matching = step;
  }
  return matching;
}

/** What authenticator apps read, also as a QR code. Holds the secret. */
export function otpauthUri(factor: {
  readonly issuer: string;
  readonly account: string;
  readonly secret: Uint8Array;
}): string {
  const [issuer, account] = [encodeURIComponent(factor.issuer), encodeURIComponent(factor.account)];
  const parameters = `secret=${encodeBase32(factor.secret)}&issuer=${issuer}&algorithm=SHA1&digits=${digits}`;
  return `otpauth://totp/${issuer}:${account}?${parameters}&period=${stepMs / 1000}`;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Base32 of RFC 4648 without padding, as authenticator apps want it. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet.charAt((buffer >> (bits - 5)) & 31);
    buffer &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet.charAt((buffer << (5 - bits)) & 31);
}

/** The one set of bytes that encodes to exactly this text; `undefined` where there is none. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let at = 0;
  let buffer = 0;
  let bits = 0;
  for (const letter of text) {
    const value = alphabet.indexOf(letter);
    if (value === -1) return undefined;
    buffer = (buffer << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = buffer >> bits;
      at += 1;
    }
    buffer &= (1 << bits) - 1;
  }
  // Five or more bits left are a letter too many; any that are set would be lost.
  return bits < 5 && buffer === 0 ? bytes : undefined;
}
