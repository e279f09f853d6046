import { sha256 } from "../keys/digest.js";
import type { GuessesTable } from "../storage/schema.js";
import type { Tx } from "../storage/storage.js";

/**
 * The ledger of guesses: how often somebody was wrong lately about one account, one unknown name, or from one network.
 *
 * A guess is reserved before the password is hashed and settled after, so that any number of guesses at once are
 * never more than the limit. Nobody is locked out for ever.
 */
export interface GuessLimits {
  /** Failures within the window that lock. */
  readonly limit: number;
  /** Milliseconds that the first failure opens. */
  readonly windowMs: number;
  /** Milliseconds of lock, from the failure that reached the limit. */
  readonly lockMs: number;
}

/** How long a reservation counts whose process never came back to settle it. */
const reservationMs = 60_000;

export type Reservation =
  | "reserved"
  /** Too many failures. Tries meanwhile neither count nor prolong it: they are to be given back. */
  | "locked"
  /** As many guesses are under way as failures are left: their outcome must be known first. */
  | "crowded";

/** What became of a reserved guess. */
export type Settlement =
  | "failed"
  /** Not a guess after all: a code is still missing, a policy said no, the server was too busy. */
  | "given_back"
  /** A sign-in was completed: everything is forgiven. */
  | "forgiven";

/** The key of an account in the ledger. */
export function accountSubject(accountId: string): string {
  return `account:${accountId}`;
}

/** The key of a name that no account has. Hashed: it may be a password that was typed into the wrong field. */
export function unknownSubject(name: string): string {
  return `unknown:${sha256(name)}`;
}

export function networkSubject(network: string): string {
  return `network:${network}`;
}

export async function reserveGuess(tx: Tx, subject: string, limits: GuessLimits, now: number): Promise<Reservation> {
  const row = await find(tx, subject, limits, now);
  const locked = row.locked_until > now;
  if (!locked && row.failures + row.reserved >= limits.limit) return "crowded";
  // Also where it is locked: a try that wrote nothing would wait for no disk, and the lock would show in its time.
  await keep(tx, { ...row, subject, reserved: row.reserved + 1, reserved_at: now });
  return locked ? "locked" : "reserved";
}

export async function settleGuess(
  tx: Tx,
  subject: string,
  settlement: Settlement,
  limits: GuessLimits,
  now: number,
): Promise<void> {
  const row = await find(tx, subject, limits, now);
  // Guesses of others that are under way stay reserved, whatever became of this one.
  const reserved = Math.max(row.reserved - 1, 0);
  const failures = { failed: row.failures + 1, given_back: row.failures, forgiven: 0 }[settlement];
  if (failures === 0 && reserved === 0) {
    await tx.deleteFrom("guesses").where("subject", "=", subject).execute();
    return;
  }
  const locked = settlement === "forgiven" ? 0 : row.locked_until;
  // A straggler that fails after the lock does not prolong it.
  const reached = settlement === "failed" && failures >= limits.limit && locked <= now;
  await keep(tx, {
    ...row,
    subject,
    failures,
    reserved,
    window_start: settlement === "failed" && row.failures === 0 ? now : row.window_start,
    locked_until: reached ? now + limits.lockMs : locked,
  });
}

/** The row as it counts now: without failures of a window or a lock that is over, and without reservations of the dead. */
async function find(tx: Tx, subject: string, limits: GuessLimits, now: number): Promise<Omit<GuessesTable, "subject">> {
  const row = await tx.selectFrom("guesses").selectAll().where("subject", "=", subject).executeTakeFirst();
  if (row === undefined) return { failures: 0, reserved: 0, reserved_at: now, window_start: now, locked_until: 0 };
  const { reserved, reserved_at } = row;
  const alive = now - reserved_at < reservationMs ? { reserved, reserved_at } : { reserved: 0, reserved_at };
  if (row.locked_until > now) return { ...row, ...alive };
  const over = row.locked_until !== 0 || now - row.window_start >= limits.windowMs;
  return over ? { ...alive, failures: 0, window_start: now, locked_until: 0 } : { ...row, ...alive };
}

async function keep(tx: Tx, row: GuessesTable): Promise<void> {
  const { subject, ...counts } = row;
  await tx
    .insertInto("guesses")
    .values({ subject, ...counts })
    .onConflict((conflict) => conflict.column("subject").doUpdateSet(counts))
    .execute();
}

/** Removes rows that say nothing any more. No answer depends on it. */
export async function pruneGuesses(tx: Tx, limits: GuessLimits, now: number): Promise<void> {
  await tx
    .deleteFrom("guesses")
    .where("locked_until", "<=", now)
    .where("window_start", "<=", now - limits.windowMs)
    .where("reserved_at", "<=", now - reservationMs)
    .execute();
}
