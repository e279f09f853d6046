import {
  exportPrivateKey,
  generateSigningKey,
  importPrivateKey,
  signer,
  verifier,
  type PublicJwk,
  type SigningAlgorithm,
  type SigningKey,
} from "../keys/signing.js";
import type { Seals } from "../keys/seal.js";
import type { Storage } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";

/** The keys of one wire: the active one signs, and every one that is not withdrawn verifies. */
export interface SigningKeys {
  /** Another number whenever the set has changed: what was verified under an earlier one is not to be relied on. */
  readonly generation: number;
  /** Of the active key. */
  readonly publicKey: PublicJwk;
  sign(input: Uint8Array): Uint8Array;
  verify(input: Uint8Array, signature: Uint8Array): boolean;
}

const place = (kid: string) => ({ table: "signing_keys", column: "private_key", row: kid });

/** The keys of a wire. Its first is made on first need; of two processes that start at once both get the same. */
export async function openSigningKeys(
  deps: {
    readonly storage: Storage;
    readonly seals: Seals;
    /** Default: a random one. */
    readonly makeKey?: (algorithm: SigningAlgorithm) => SigningKey;
  },
  origin: Origin,
  now: number,
  algorithm: SigningAlgorithm,
): Promise<SigningKeys> {
  const { storage, seals } = deps;
  const fresh = (deps.makeKey ?? generateSigningKey)(algorithm);
  const rows = await storage.unit(async (tx) => {
    const present = await tx
      .selectFrom("signing_keys")
      .select(["kid", "public_jwk", "private_key", "state"])
      .where("wire", "=", origin.wire)
      .where("algorithm", "=", algorithm)
      .where("state", "!=", "withdrawn")
      .orderBy("created_at", "desc")
      .execute();
    if (present.some((row) => row.state === "active")) return present;

    const secret = exportPrivateKey(fresh);
    const made = {
      kid: fresh.kid,
      public_jwk: JSON.stringify(fresh.publicJwk),
      private_key: seals.seal(place(fresh.kid), secret),
      state: "active" as const,
    };
    secret.fill(0);
    await tx
      .insertInto("signing_keys")
      .values({ ...made, wire: origin.wire, algorithm, created_at: now, retired_at: null })
      .execute();
    await record(tx, origin, now, { type: "signing_key_made", details: { kid: fresh.kid, algorithm } });
    return [made, ...present];
  });

  const active = rows.find((row) => row.state === "active");
  if (active === undefined) throw new TypeError("a wire has no active signing key");
  const secret = seals.open(place(active.kid), active.private_key);
  const key = importPrivateKey(algorithm, secret);
  secret.fill(0);
  const verifiers = rows.map((row) => verifier(JSON.parse(row.public_jwk) as PublicJwk));
  return {
    generation: 1,
    publicKey: key.publicJwk,
    sign: signer(key),
    verify: (input, signature) => verifiers.some((verify) => verify(input, signature)),
  };
}
