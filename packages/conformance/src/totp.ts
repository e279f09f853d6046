import { createHmac } from "node:crypto";

/** How long a code lives, in milliseconds. */
export const totpStepMs = 30_000;

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The bytes of a base32 secret. @returns `undefined` where it is none */
export function decodeBase32(text: string): Uint8Array | undefined {
  const letters = [...text.toUpperCase().replace(/=+$/, "")].map((letter) => alphabet.indexOf(letter));
  if (letters.length === 0 || letters.includes(-1)) return undefined;
  const bits = letters.map((letter) => letter.toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
}

/** The six digits of one time step (RFC 6238: SHA-1, 30 seconds). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const number = mac.readUInt32BE(mac.readUInt8(19) & 0xf) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, "0");
}
