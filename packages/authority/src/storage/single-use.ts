import type { Reader, Tx } from "./storage.js";

/**
 * Everything that may be used once, and what it is good for. A closed table: the race suite goes through it, so that a
 * new kind is raced from the day it is added.
 */
export const singleUseKinds = {
  setup_link: "makes the first administrator of a house",
  totp_enrolment: "confirms a TOTP secret that waits for its first code",
  webauthn_registration: "registers the credential that an authenticator made for this challenge",
  webauthn_login: "signs in with the assertion that an authenticator made for this challenge",
  sso_code: "becomes a token of whoever signed in on the page",
} as const satisfies Record<string, string>;

export type SingleUseKind = keyof typeof singleUseKinds;

export interface Offer {
  readonly kind: SingleUseKind;
  /** SHA-256 of the value, in hex. The value itself goes to its owner and nowhere else. */
  readonly digest: string;
  readonly accountId?: string;
  /** Plain JSON, for whoever consumes it. Never a secret. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. At that moment it is over. */
  readonly expiresAt: number;
  readonly now: number;
}

/** Makes a value known, so that it can be consumed once. */
export async function offer(tx: Tx, { kind, digest, accountId, payload, expiresAt, now }: Offer): Promise<void> {
  await tx
    .insertInto("one_time")
    .values({
      kind,
      digest,
      account_id: accountId ?? null,
      payload: JSON.stringify(payload),
      created_at: now,
      expires_at: expiresAt,
      consumed_at: null,
    })
    .execute();
}

/** What was offered with the value. */
export interface Consumed {
  readonly accountId: string | undefined;
  readonly payload: unknown;
}

/**
 * Uses a value. Of any number of calls for one value, in any number of processes, exactly one gets what was offered:
 * the database decides by one conditional write.
 *
 * @returns nothing where the value is unknown, of another kind, over, or used already
 */
export async function consume(
  tx: Tx,
  { kind, digest, now }: Pick<Offer, "kind" | "digest" | "now">,
): Promise<Consumed | undefined> {
  const row = await tx
    .updateTable("one_time")
    .set({ consumed_at: now })
    .where("kind", "=", kind)
    .where("digest", "=", digest)
    .where("consumed_at", "is", null)
    .where("expires_at", ">", now)
    .returning(["account_id", "payload"])
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { accountId: row.account_id ?? undefined, payload: JSON.parse(row.payload) as unknown };
}

/** Whether a value could be used now. It says nothing of later: only `consume` decides. */
export async function isOffered(
  db: Reader,
  { kind, digest, now }: Pick<Offer, "kind" | "digest" | "now">,
): Promise<boolean> {
  const row = await db
    .selectFrom("one_time")
    .select("kind")
    .where("kind", "=", kind)
    .where("digest", "=", digest)
    .where("consumed_at", "is", null)
    .where("expires_at", ">", now)
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends every value of a kind that was not used yet. */
export async function withdraw(tx: Tx, kind: SingleUseKind): Promise<void> {
  await tx.deleteFrom("one_time").where("kind", "=", kind).where("consumed_at", "is", null).execute();
}

/** Removes what is over, used or not. No answer depends on it. */
export async function pruneOneTime(tx: Tx, now: number): Promise<void> {
  await tx.deleteFrom("one_time").where("expires_at", "<=", now).execute();
}
