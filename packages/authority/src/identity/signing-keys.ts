import {
  generateSigningKey,
  importPrivateKey,
  signer,
  verifier,
  type PublicJwk,
  type SigningAlgorithm,
} from "../keys/signing.js";
import type { Seals } from "../keys/seal.js";
import type { Reader } from "../storage/storage.js";
import type { Origin } from "./audit.js";
import { activate, privateKeyPlace, type KeyDeps, type KeyLine } from "./signing-key-states.js";

/** The keys of one line: the active one signs, and every one that is not withdrawn verifies. */
export interface SigningKeys {
  /** Another number whenever the set has changed: what was verified under an earlier one is not to be relied on. */
  readonly generation: number;
  /** Of the active key. */
  readonly publicKey: PublicJwk;
  /** Of the active key: its RFC 7638 thumbprint. */
  readonly kid: string;
  sign(input: Uint8Array): Uint8Array;
  verify(input: Uint8Array, signature: Uint8Array): boolean;
  /** Takes over what this or another process has changed in the database. */
  refresh(): Promise<void>;
}

/** The keys of a line. Its first is made on first need; of two processes that start at once both get the same. */
export async function openSigningKeys(deps: KeyDeps, origin: Origin, now: number, line: KeyLine): Promise<SigningKeys> {
  const { storage, seals, makeKey = generateSigningKey } = deps;
  const fresh = makeKey(line.algorithm);
  const first = await storage.unit(async (tx) => {
    const present = await rowsOf(tx, line);
    if (present.some(({ state }) => state === "active")) return present;
    await activate(tx, seals, origin, now, line, fresh);
    return rowsOf(tx, line);
  });

  let generation = 1;
  let held = prepare(seals, line.algorithm, first);
  return {
    get generation() {
      return generation;
    },
    get publicKey() {
      return held.publicKey;
    },
    get kid() {
      return held.kid;
    },
    sign: (input) => held.sign(input),
    verify: (input, signature) => held.verifiers.some((verify) => verify(input, signature)),
    async refresh() {
      const rows = await rowsOf(storage.read, line);
      if (fingerprint(rows) === held.fingerprint) return;
      held = prepare(seals, line.algorithm, rows);
      generation += 1;
    },
  };
}

type Row = Awaited<ReturnType<typeof rowsOf>>[number];

/** The keys that sign or verify: the active one first, then the newest. There are never more than a few. */
async function rowsOf(db: Reader, { wire, algorithm }: KeyLine) {
  return db
    .selectFrom("signing_keys")
    .select(["kid", "public_jwk", "private_key", "state"])
    .where("wire", "=", wire)
    .where("algorithm", "=", algorithm)
    .where("state", "in", ["active", "retired"])
    .orderBy("state")
    .orderBy("created_at", "desc")
    .orderBy("kid")
    .execute();
}

function fingerprint(rows: readonly Row[]): string {
  return rows.map(({ kid, state }) => `${state} ${kid}`).join("\n");
}

function prepare(seals: Seals, algorithm: SigningAlgorithm, rows: readonly Row[]) {
  const active = rows.find(({ state }) => state === "active");
  if (active === undefined) throw new TypeError("a line of signing keys has no active one");
  const secret = seals.open(privateKeyPlace(active.kid), active.private_key);
  const key = importPrivateKey(algorithm, secret);
  secret.fill(0);
  return {
    fingerprint: fingerprint(rows),
    kid: key.kid,
    publicKey: key.publicJwk,
    sign: signer(key),
    verifiers: rows.map((row) => verifier(JSON.parse(row.public_jwk) as PublicJwk)),
  };
}
