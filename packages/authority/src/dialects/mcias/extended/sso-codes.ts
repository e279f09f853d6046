import { randomBytes } from "node:crypto";
import { record, type Origin } from "../../../identity/audit.js";
import { sha256 } from "../../../keys/digest.js";
import { consume, offer } from "../../../storage/single-use.js";
import type { Tx } from "../../../storage/storage.js";
import type { SsoClient } from "./sso-clients.js";

/** 256 bits. */
const codeBytes = 32;

/** How long a code is good. */
const codeMs = 60_000;

/** A value that nobody guesses. It is kept as its digest only. */
export function newSsoCode(): string {
  return randomBytes(codeBytes).toString("base64url");
}

/** Makes a code good for one exchange, by the client that it was made for. */
export async function offerSsoCode(
  tx: Tx,
  origin: Origin,
  now: number,
  code: string,
  accountId: string,
  { clientId, redirectUri }: SsoClient,
): Promise<void> {
  const payload = { clientId, redirectUri };
  await offer(tx, { kind: "sso_code", digest: sha256(code), accountId, payload, expiresAt: now + codeMs, now });
  await record(tx, origin, now, {
    type: "sso_code_issued",
    actor: accountId,
    target: accountId,
    details: { client: clientId },
  });
}

/**
 * Uses up a code. Whoever brings it with another client or address has used it up all the same.
 *
 * @returns the account that signed in for it
 */
export async function consumeSsoCode(
  tx: Tx,
  now: number,
  { code, clientId, redirectUri }: { readonly code: string; readonly clientId: string; readonly redirectUri: string },
): Promise<string | undefined> {
  const consumed = await consume(tx, { kind: "sso_code", digest: sha256(code), now });
  const made = consumed?.payload as { readonly clientId: string; readonly redirectUri: string } | undefined;
  return made?.clientId === clientId && made.redirectUri === redirectUri ? consumed?.accountId : undefined;
}
