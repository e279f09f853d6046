import type { Seals } from "../keys/seal.js";
import { exportPrivateKey, generateSigningKey, type SigningAlgorithm, type SigningKey } from "../keys/signing.js";
import type { SigningKeysTable } from "../storage/schema.js";
import type { Storage, Tx } from "../storage/storage.js";
import { record, type AuditType, type Origin } from "./audit.js";

/** A line of keys: what one wire signs with by one algorithm. At most one of them is active. */
export interface KeyLine {
  /** The wire; `audit` for what seals the audit log. */
  readonly wire: string;
  readonly algorithm: SigningAlgorithm;
}

/** A line whose keys sign tokens, and follow each other. */
export interface TokenKeyLine extends KeyLine {
  /** The longest that a token lives which a key of this line has signed, in milliseconds. */
  readonly longestTokenMs: number;
}

export interface KeyDeps {
  readonly storage: Storage;
  readonly seals: Seals;
  /** Default: a random key. */
  readonly makeKey?: (algorithm: SigningAlgorithm) => SigningKey;
}

type State = SigningKeysTable["state"];

/**
 * The life of a key: `active` signs and verifies, `retired` verifies until its last token is over, `withdrawn` does
 * neither. Nothing leads back.
 */
const transitions = {
  retire: { from: ["active"], to: "retired", event: "signing_key_retired" },
  withdraw: { from: ["active", "retired"], to: "withdrawn", event: "signing_key_withdrawn" },
} as const satisfies Record<string, { readonly from: readonly State[]; readonly to: State; readonly event: AuditType }>;

/** Another process may sign with a key for moments after it was retired. */
const staleMs = 3_600_000;

const nothing = new Uint8Array(0);

/** Where the private half of a key is sealed. */
export const privateKeyPlace = (kid: string) => ({ table: "signing_keys", column: "private_key", row: kid });

/**
 * Makes a key the active one of its line.
 *
 * @returns false where the line has an active key already: that one stays
 */
export async function activate(
  tx: Tx,
  seals: Seals,
  origin: Origin,
  now: number,
  { wire, algorithm }: KeyLine,
  key: SigningKey,
): Promise<boolean> {
  const secret = exportPrivateKey(key);
  const sealed = seals.seal(privateKeyPlace(key.kid), secret);
  secret.fill(0);
  const made = await tx
    .insertInto("signing_keys")
    .values({
      kid: key.kid,
      wire,
      algorithm,
      public_jwk: JSON.stringify(key.publicJwk),
      private_key: sealed,
      state: "active",
      created_at: now,
      retired_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("kid")
    .executeTakeFirst();
  if (made === undefined) return false;
  await record(tx, origin, now, { type: "signing_key_made", details: { kid: key.kid, algorithm, wire } });
  return true;
}

/**
 * Makes a new key of the line the active one. The former is retired: it verifies what it has signed.
 *
 * @param madeBefore only where the active key is older: milliseconds since the epoch. Default: whatever its age
 * @returns the new key's id; nothing where there was nothing to do, also because another process was faster
 */
export async function rotateKey(
  { storage, seals, makeKey = generateSigningKey }: KeyDeps,
  origin: Origin,
  now: number,
  line: KeyLine,
  madeBefore = Infinity,
): Promise<string | undefined> {
  const former = await storage.read
    .selectFrom("signing_keys")
    .select(["kid", "created_at"])
    .where("wire", "=", line.wire)
    .where("algorithm", "=", line.algorithm)
    .where("state", "=", "active")
    .executeTakeFirst();
  if (former !== undefined && former.created_at >= madeBefore) return undefined;
  const fresh = makeKey(line.algorithm);
  return storage.unit(async (tx) => {
    if (former !== undefined && !(await move(tx, origin, now, "retire", former.kid))) return undefined;
    return (await activate(tx, seals, origin, now, line, fresh)) ? fresh.kid : undefined;
  });
}

/** What came of the wish to withdraw a key. */
export type Withdrawal = "unknown" | "withdrawn_already" | { readonly replacement?: string };

/** Ends a key at once: nothing that it has signed is valid any more. Where it was the active one, a new one is made. */
export async function withdrawKey(
  { storage, seals, makeKey = generateSigningKey }: KeyDeps,
  origin: Origin,
  now: number,
  lines: readonly KeyLine[],
  kid: string,
): Promise<Withdrawal> {
  const row = await storage.read
    .selectFrom("signing_keys")
    .select(["wire", "algorithm"])
    .where("kid", "=", kid)
    .executeTakeFirst();
  const line = lines.find(({ wire, algorithm }) => wire === row?.wire && algorithm === row.algorithm);
  if (line === undefined) return "unknown";
  const fresh = makeKey(line.algorithm);
  return storage.unit(async (tx) => {
    if (!(await move(tx, origin, now, "withdraw", kid))) return "withdrawn_already";
    // Where it was not the active one, the line has another already and keeps it.
    return (await activate(tx, seals, origin, now, line, fresh)) ? { replacement: fresh.kid } : {};
  });
}

/** Withdraws retired keys whose last token is over. @returns how many */
export async function withdrawOver(
  { storage }: Pick<KeyDeps, "storage">,
  origin: Origin,
  now: number,
  { wire, algorithm, longestTokenMs }: TokenKeyLine,
): Promise<number> {
  const over = await storage.read
    .selectFrom("signing_keys")
    .select("kid")
    .where("wire", "=", wire)
    .where("algorithm", "=", algorithm)
    .where("state", "=", "retired")
    .where("retired_at", "<=", now - longestTokenMs - staleMs)
    .execute();
  if (over.length === 0) return 0;
  return storage.unit(async (tx) => {
    let count = 0;
    for (const { kid } of over) if (await move(tx, origin, now, "withdraw", kid)) count += 1;
    return count;
  });
}

/** One step of a key's life, by one conditional write. @returns whether this call made it */
async function move(
  tx: Tx,
  origin: Origin,
  now: number,
  step: keyof typeof transitions,
  kid: string,
): Promise<boolean> {
  const { from, to, event } = transitions[step];
  const moved = await tx
    .updateTable("signing_keys")
    .set((row) => ({
      state: to,
      // It signs no more, so there is nothing left to steal.
      private_key: nothing,
      retired_at: row.fn.coalesce("retired_at", row.val(now)),
    }))
    .where("kid", "=", kid)
    .where("state", "in", from)
    .returning("wire")
    .executeTakeFirst();
  if (moved === undefined) return false;
  await record(tx, origin, now, { type: event, details: { kid, wire: moved.wire } });
  return true;
}
