import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import { CardeaError } from "@cardea/core";

/** All that differs between algorithms. A further one (RS256, ES256) is a further row. */
const algorithms = {
  EdDSA: {
    kty: "OKP",
    crv: "Ed25519",
    /** The hash that `node:crypto` applies first; Ed25519 has its own inside. */
    hash: null,
    /** How two numbers make a signature; only curves of ECDSA have a choice. */
    encoding: undefined,
    generate: () => generateKeyPairSync("ed25519").privateKey,
  },
} as const satisfies Record<string, AlgorithmRow>;

interface AlgorithmRow {
  readonly kty: keyof typeof requiredMembers;
  readonly crv: string | undefined;
  readonly hash: string | null;
  readonly encoding: "ieee-p1363" | undefined;
  readonly generate: () => KeyObject;
}

/** The members that make a public key, in the order of RFC 7638, section 3.2 and RFC 8037, section 2. */
const requiredMembers = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
} as const;

/** A JWS algorithm (RFC 7518, RFC 8037) that this authority signs with. */
export type SigningAlgorithm = keyof typeof algorithms;

/** A public key as RFC 7517 writes it, with nothing but the members that make it. */
export type PublicJwk = Readonly<Record<string, string>>;

/** A key pair that signs tokens. */
export interface SigningKey {
  readonly algorithm: SigningAlgorithm;
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  /** Prepared once; it shows nothing of itself when printed. */
  readonly privateKey: KeyObject;
}

export function generateSigningKey(algorithm: SigningAlgorithm): SigningKey {
  return signingKey(algorithm, algorithms[algorithm].generate());
}

/** The private key as PKCS #8 in DER, to be sealed. Wipe it after. */
export function exportPrivateKey(key: SigningKey): Uint8Array {
  return key.privateKey.export({ format: "der", type: "pkcs8" });
}

/** @throws CardeaError `signing_key_invalid` where the bytes are no key for this algorithm */
export function importPrivateKey(algorithm: SigningAlgorithm, pkcs8: Uint8Array): SigningKey {
  // A view: a copy would be one more place to wipe.
  const key = Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length);
  return signingKey(
    algorithm,
    attempt(() => createPrivateKey({ key, format: "der", type: "pkcs8" })),
  );
}

/** @throws CardeaError `signing_key_invalid` where the JWK is no private key for this algorithm */
export function importPrivateJwk(algorithm: SigningAlgorithm, jwk: JsonWebKey): SigningKey {
  return signingKey(
    algorithm,
    attempt(() => createPrivateKey({ key: jwk, format: "jwk" })),
  );
}

/** The thumbprint of a public key (RFC 7638): SHA-256 over its required members, in base64url. */
export function thumbprint(jwk: JsonWebKey): string {
  const canonical = JSON.stringify(publicMembers(jwk));
  return createHash("sha256").update(canonical).digest("base64url");
}

/** Signs synchronously, off libuv's pool: a burst of other work there never delays a token. */
export function signer(key: SigningKey): (input: Uint8Array) => Uint8Array {
  const { hash, encoding } = algorithms[key.algorithm];
  const prepared = { key: key.privateKey, ...(encoding !== undefined && { dsaEncoding: encoding }) };
  return (input) => sign(hash, input, prepared);
}

/**
 * Verifies synchronously. The algorithm follows from the key alone, never from a token.
 *
 * @throws CardeaError `signing_key_invalid` where no algorithm of this authority belongs to the key
 */
export function verifier(publicJwk: JsonWebKey): (input: Uint8Array, signature: Uint8Array) => boolean {
  const row = Object.values<AlgorithmRow>(algorithms).find(({ kty, crv }) => fits(publicJwk, kty, crv));
  if (row === undefined) throw invalid();
  const key = attempt(() => createPublicKey({ key: { ...publicMembers(publicJwk) }, format: "jwk" }));
  const prepared = { key, ...(row.encoding !== undefined && { dsaEncoding: row.encoding }) };
  return (input, signature) => verify(row.hash, input, prepared, signature);
}

function signingKey(algorithm: SigningAlgorithm, privateKey: KeyObject): SigningKey {
  const { kty, crv } = algorithms[algorithm];
  const jwk = attempt(() => createPublicKey(privateKey).export({ format: "jwk" }));
  if (!fits(jwk, kty, crv)) throw invalid();
  return { algorithm, kid: thumbprint(jwk), publicJwk: publicMembers(jwk), privateKey };
}

function fits(jwk: JsonWebKey, kty: string, crv: string | undefined): boolean {
  return jwk.kty === kty && jwk.crv === crv;
}

function publicMembers(jwk: JsonWebKey): PublicJwk {
  const { kty } = jwk;
  if (kty !== "EC" && kty !== "OKP" && kty !== "RSA") throw invalid();
  return Object.fromEntries(
    requiredMembers[kty].map((name) => {
      const value: unknown = jwk[name];
      if (typeof value !== "string") throw invalid();
      return [name, value];
    }),
  );
}

/** The library's own error may quote what it read, so it goes no further. */
function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw invalid();
  }
}

function invalid(): CardeaError {
  return new CardeaError("this is no key for an algorithm that the authority signs with", {
    code: "signing_key_invalid",
  });
}
