import { CardeaError, type Clock } from "@cardea/core";
import type { Seals } from "../keys/seal.js";
import type { Reader, Storage, Tx } from "../storage/storage.js";
import type { HashPool } from "../workers/hash-pool.js";
import { record, type Origin } from "./audit.js";
import {
  accountSubject,
  networkSubject,
  reserveGuess,
  settleGuess,
  unknownSubject,
  type GuessLimits,
  type Reservation,
  type Settlement,
} from "./guesses.js";

/** What trying a password needs of the house. */
export interface PasswordDeps {
  readonly storage: Storage;
  readonly hashes: HashPool;
  readonly seals: Seals;
  readonly clock: Clock;
  readonly guesses: {
    readonly account: GuessLimits;
    /** `off`: networks are not counted. */
    readonly network: GuessLimits | "off";
  };
}

export interface PasswordAttempt {
  readonly username: string;
  readonly password: string;
  readonly origin: Origin;
}

/** Whose password it is: an active human. */
export interface PasswordHolder {
  readonly accountId: string;
  readonly username: string;
  readonly kind: "human";
}

/** What comes of a try once its password is known to be right. */
export type Verdict<Result> =
  | {
      readonly result: Result;
      readonly settlement: Settlement;
      /** Why it is no success all the same: goes into the audit log as `login_fail`. */
      readonly failure?: string;
    }
  /** It counts as a failure and cannot be told from a wrong password. Why, for the audit log. */
  | { readonly wrong: string };

export type AttemptOutcome<Result> =
  | { readonly outcome: "judged"; readonly result: Result }
  /** Unknown, wrong, locked, inactive, deleted, no human: one answer, one cost. */
  | { readonly outcome: "refused" }
  /** Too many failures from this network. */
  | { readonly outcome: "network_locked" };

/** How long a guess waits for others on the same account to be settled. */
const crowdPatienceMs = 2_000;
const crowdStepMs = 20;

/**
 * Tries a password: the one way to do so, for a login and for everything else that asks for it.
 *
 * The guess is reserved before the hash and settled after it, the hash costs the same whoever asks, and what `judge`
 * writes, the ledger and the audit event are one unit.
 *
 * @param judge called in the unit, and only where the password is right and its holder active
 * @param pretend called in its place otherwise, to ask the database as much as `judge` would
 * @throws CardeaError `busy`, with `retryAfterMs`, where too many hashes wait; the guess is given back
 */
export async function attemptPassword<Result>(
  deps: PasswordDeps,
  attempt: PasswordAttempt,
  judge: (tx: Tx, holder: PasswordHolder, now: number) => Promise<Verdict<Result>>,
  pretend: (tx: Tx, now: number) => Promise<void> = () => Promise.resolve(),
): Promise<AttemptOutcome<Result>> {
  const { storage, hashes, clock } = deps;
  const candidate = await findCandidate(storage.read, attempt.username);
  const account = candidate === undefined ? unknownSubject(attempt.username) : accountSubject(candidate.id);
  const network = attempt.origin.network ?? "unknown";

  const reservation = await reserve(deps, account, network);
  if (reservation === "network_locked") return { outcome: "network_locked" };
  if (reservation === "crowded") throw tooBusy();

  try {
    const phc = reservation === "reserved" ? candidate?.phc : undefined;
    const right = await hashes.verify(phc, attempt.password, network);
    return await storage.unit(async (tx) => {
      const now = clock.now();
      const found = await holderOf(tx, attempt.username, candidate, right);
      const holder = reservation === "locked" ? "locked" : found;
      if (typeof holder === "string") await pretend(tx, now);
      const verdict = typeof holder === "string" ? { wrong: holder } : await judge(tx, holder, now);
      const [settlement, failure] =
        "wrong" in verdict ? (["failed", verdict.wrong] as const) : [verdict.settlement, verdict.failure];
      await settle(tx, deps, reservation, account, network, settlement, now);
      if (failure !== undefined) {
        await record(tx, attempt.origin, now, {
          type: "login_fail",
          ...(candidate !== undefined && { target: candidate.id }),
          details: { reason: failure },
        });
      }
      return "wrong" in verdict ? { outcome: "refused" } : { outcome: "judged", result: verdict.result };
    });
  } catch (error) {
    await storage.unit((tx) => settle(tx, deps, reservation, account, network, "given_back", clock.now()));
    throw error;
  }
}

interface Candidate {
  readonly id: string;
  readonly kind: "human" | "system";
  readonly status: "active" | "inactive" | "deleted";
  readonly phc: string | undefined;
}

async function findCandidate(db: Reader, username: string): Promise<Candidate | undefined> {
  const row = await db
    .selectFrom("identifiers")
    .innerJoin("accounts", "accounts.id", "identifiers.account_id")
    .leftJoin("passwords", "passwords.account_id", "accounts.id")
    .select(["accounts.id", "accounts.kind", "accounts.status", "passwords.phc"])
    .where("identifiers.kind", "=", "username")
    .where("identifiers.value", "=", storable(username))
    .executeTakeFirst();
  return row === undefined ? undefined : { ...row, phc: row.phc ?? undefined };
}

/** No database keeps a text with NUL in it. Nobody is called so, and nobody is called nothing: the question costs the same. */
function storable(username: string): string {
  return username.includes("\0") ? "" : username;
}

/** Who it is, or why the try fails. */
async function holderOf(
  tx: Tx,
  username: string,
  before: Candidate | undefined,
  right: boolean,
): Promise<PasswordHolder | string> {
  // Read again: the account or its password may have changed while the hash ran. Nobody is looked for just the same.
  const candidate = await findCandidate(tx, username);
  if (before === undefined) return "unknown";
  if (!right || candidate === undefined || candidate.phc !== before.phc) return "password";
  const { id, kind, status } = candidate;
  if (kind !== "human") return "not_human";
  return status === "active" ? { accountId: id, username, kind } : status;
}

async function reserve(deps: PasswordDeps, account: string, network: string): Promise<Reservation | "network_locked"> {
  const { storage, clock, guesses } = deps;
  const deadline = clock.elapsed() + crowdPatienceMs;
  for (;;) {
    const reservation = await storage.unit(async (tx) => {
      const now = clock.now();
      if (guesses.network !== "off") {
        const whole = await reserveGuess(tx, networkSubject(network), guesses.network, now);
        if (whole === "crowded") return "crowded";
        if (whole === "locked") {
          await settleGuess(tx, networkSubject(network), "given_back", guesses.network, now);
          return "network_locked";
        }
      }
      const own = await reserveGuess(tx, account, guesses.account, now);
      if (own === "crowded" && guesses.network !== "off") {
        await settleGuess(tx, networkSubject(network), "given_back", guesses.network, now);
      }
      return own;
    });
    if (reservation !== "crowded" || clock.elapsed() >= deadline) return reservation;
    await new Promise<void>((wake) => clock.after(crowdStepMs, wake));
  }
}

async function settle(
  tx: Tx,
  deps: PasswordDeps,
  reservation: "reserved" | "locked",
  account: string,
  network: string,
  settlement: Settlement,
  now: number,
): Promise<void> {
  const { guesses } = deps;
  // A try while locked does not count on the account.
  const onAccount = reservation === "locked" ? "given_back" : settlement;
  await settleGuess(tx, account, onAccount, guesses.account, now);
  if (guesses.network !== "off") {
    // One success does not forgive a network: an attacker may own an account.
    const own = settlement === "forgiven" ? "given_back" : settlement;
    await settleGuess(tx, networkSubject(network), own, guesses.network, now);
  }
}

function tooBusy(): CardeaError {
  return new CardeaError("too many sign-ins of one account at once", {
    code: "busy",
    retryable: true,
    retryAfterMs: 1_000,
  });
}
