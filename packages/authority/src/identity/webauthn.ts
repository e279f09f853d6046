import { sha256 } from "../keys/digest.js";
import { consume, offer, type Consumed } from "../storage/single-use.js";
import type { Tx } from "../storage/storage.js";
import type { Passkey } from "./passkeys.js";
import { passwordChangedAt } from "./passwords.js";

/** Bytes of a challenge: 128 bits. */
export const challengeBytes = 16;

/** How long an authenticator has for its answer. */
export const challengeMs = 120_000;

/** COSE algorithms that a credential may have, the preferred first: Ed25519, ES256, RS256. */
export const credentialAlgorithms = [-8, -7, -257] as const;

export type ChallengeKind = "webauthn_registration" | "webauthn_login";

/** What an answer is checked against. */
export interface RelyingParty {
  /** Scheme, host and port that the browser shows. */
  readonly origin: string;
  /** The host of it. */
  readonly id: string;
}

export function relyingPartyAt(origin: string): RelyingParty {
  return { origin, id: new URL(origin).hostname };
}

/**
 * Makes a challenge good for one answer.
 *
 * @param accountId whose answer it must be, and whose password was right: where that is known
 */
export async function offerChallenge(
  tx: Tx,
  kind: ChallengeKind,
  challenge: string,
  now: number,
  accountId?: string,
): Promise<void> {
  const passwordOf = accountId === undefined ? undefined : await passwordChangedAt(tx, accountId);
  await offer(tx, {
    kind,
    digest: sha256(challenge),
    payload: passwordOf === undefined ? {} : { passwordChangedAt: passwordOf },
    expiresAt: now + challengeMs,
    now,
    ...(accountId !== undefined && { accountId }),
  });
}

/** Uses up a challenge, whatever the answer is worth: each has one try. */
export function consumeChallenge(
  tx: Tx,
  kind: ChallengeKind,
  challenge: string,
  now: number,
): Promise<Consumed | undefined> {
  return consume(tx, { kind, digest: sha256(challenge), now });
}

/** Whether the password that a challenge was made with is still that of the account. */
export async function isPasswordOf(tx: Tx, { accountId, payload }: Consumed): Promise<boolean> {
  if (accountId === undefined) return true;
  const then = (payload as { readonly passwordChangedAt?: number }).passwordChangedAt;
  return then === (await passwordChangedAt(tx, accountId));
}

/** The challenge that an answer says it is for. Nothing is believed of it yet. */
export function challengeOf(clientDataJson: string): string | undefined {
  try {
    const data: unknown = JSON.parse(Buffer.from(clientDataJson, "base64url").toString("utf8"));
    const challenge = (data as { readonly challenge?: unknown } | null)?.challenge;
    return typeof challenge === "string" ? challenge : undefined;
  } catch {
    return undefined;
  }
}

/** What a browser gives for a registration (WebAuthn, RegistrationResponseJSON). */
export interface RegistrationAnswer {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports?: string[];
  };
}

/** What a browser gives for a login (WebAuthn, AuthenticationResponseJSON). */
export interface LoginAnswer {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string;
  };
}

/** The library takes long to load, so it is loaded by whoever needs it first. */
const library = () => import("@simplewebauthn/server");

/** The credential that was registered, or nothing where anything about the answer is wrong. */
export async function verifyRegistration(
  { id, rawId, type, response }: RegistrationAnswer,
  challenge: string,
  party: RelyingParty,
): Promise<Pick<Passkey, "credentialId" | "publicKey" | "counter" | "transports"> | undefined> {
  const { verifyRegistrationResponse } = await library();
  const { clientDataJSON, attestationObject, transports = [] } = response;
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { id, rawId, type, response: { clientDataJSON, attestationObject }, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      expectedType: "webauthn.create",
      requireUserVerification: false,
      supportedAlgorithmIDs: [...credentialAlgorithms],
    });
    if (!verified) return undefined;
    const { credential } = registrationInfo;
    return {
      credentialId: credential.id,
      publicKey: credential.publicKey,
      counter: credential.counter,
      transports,
    };
  } catch {
    // The library throws for every kind of wrong answer, and so would a broken one: no reason is told.
    return undefined;
  }
}

/** The new count of signatures, or nothing where anything about the answer is wrong, a count that went back included. */
export async function verifyAssertion(
  { id, rawId, type, response }: LoginAnswer,
  challenge: string,
  party: RelyingParty,
  passkey: Passkey,
  rules: { readonly userVerified: boolean },
): Promise<{ readonly counter: number } | undefined> {
  const { verifyAuthenticationResponse } = await library();
  const { clientDataJSON, authenticatorData, signature } = response;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id,
        rawId,
        type,
        response: { clientDataJSON, authenticatorData, signature },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      expectedType: "webauthn.get",
      credential: { id: passkey.credentialId, publicKey: Uint8Array.from(passkey.publicKey), counter: passkey.counter },
      requireUserVerification: rules.userVerified,
    });
    return verified ? { counter: authenticationInfo.newCounter } : undefined;
  } catch {
    return undefined;
  }
}
