import { createHash, hash, timingSafeEqual } from "node:crypto";

/** SHA-256 in lower-case hex. Text is taken as UTF-8. */
export function sha256(value: string | Uint8Array): string {
  return hash("sha256", value);
}

/**
 * Whether two secrets are the same, in a time that tells nothing about where they differ or which of them is longer:
 * what is compared are their digests. Text is taken as UTF-8.
 */
export function equalSecrets(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}
