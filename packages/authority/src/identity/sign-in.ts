import { CardeaError, type Clock } from "@cardea/core";
import type { Seals } from "../keys/seal.js";
import type { Reader, Storage, Tx } from "../storage/storage.js";
import type { HashPool } from "../workers/hash-pool.js";
import { record, type Origin } from "./audit.js";
import { consumeTotp, findTotpFactor } from "./factors.js";
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
import { rolesOf } from "./roles.js";

/** What signing in needs of the house. */
export interface SignInDeps {
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

/** Who signs in: what a wire needs to make its token. */
export interface SignedIn {
  readonly accountId: string;
  readonly username: string;
  readonly kind: "human" | "system";
  readonly roles: readonly string[];
}

export interface SignInAttempt<Result> {
  readonly username: string;
  readonly password: string;
  readonly totpCode?: string;
  readonly origin: Origin;
  /** Asked after every credential was right. False: `denied`, which neither counts nor forgives. */
  allows(who: SignedIn): boolean;
  /** Does what the sign-in is for (issues a token), in the unit that completes it. */
  complete(tx: Tx, who: SignedIn, now: number): Promise<Result>;
}

export type SignInOutcome<Result> =
  | { readonly outcome: "signed_in"; readonly result: Result }
  /** The password is right, and a code is missing. Not counted. */
  | { readonly outcome: "totp_required" }
  | { readonly outcome: "denied" }
  /** Unknown, wrong, locked, inactive, deleted, no human: one answer, one cost. */
  | { readonly outcome: "refused" }
  /** Too many failures from this network. */
  | { readonly outcome: "network_locked" };

/** How long a guess waits for others on the same account to be settled. */
const crowdPatienceMs = 2_000;
const crowdStepMs = 20;

/**
 * Signs a person in with a password and, where enrolled, a code.
 *
 * The guess is reserved before the hash and settled after it, the hash costs the same whoever asks, and the outcome,
 * the ledger, the audit event and what the sign-in is for are written in one unit.
 *
 * @throws CardeaError `busy`, with `retryAfterMs`, where too many hashes wait; the guess is given back
 */
export async function signIn<Result>(deps: SignInDeps, attempt: SignInAttempt<Result>): Promise<SignInOutcome<Result>> {
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
      const { decision, settlement } =
        reservation === "locked" ? failed("locked") : await decide(tx, deps, attempt, candidate, right, now);
      await settle(tx, deps, reservation, account, network, settlement, now);
      if (decision.outcome === "signed_in") return decision;
      await record(tx, attempt.origin, now, {
        type: "login_fail",
        ...(candidate !== undefined && { target: candidate.id }),
        details: { reason: decision.reason },
      });
      return { outcome: decision.outcome };
    });
  } catch (error) {
    await storage.unit((tx) => settle(tx, deps, reservation, account, network, "given_back", clock.now()));
    throw error;
  }
}

interface Candidate {
  readonly id: string;
  readonly username: string;
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
    .where("identifiers.value", "=", username)
    .executeTakeFirst();
  return row === undefined ? undefined : { ...row, username, phc: row.phc ?? undefined };
}

/** What is known inside the unit: an outcome for the caller, and for the log why not. */
type Decision<Result> =
  | { readonly outcome: "signed_in"; readonly result: Result }
  | { readonly outcome: "totp_required" | "denied" | "refused"; readonly reason: string };

interface Verdict<Result> {
  readonly decision: Decision<Result>;
  readonly settlement: Settlement;
}

function failed(reason: string): Verdict<never> {
  return { decision: { outcome: "refused", reason }, settlement: "failed" };
}

async function decide<Result>(
  tx: Tx,
  deps: SignInDeps,
  attempt: SignInAttempt<Result>,
  before: Candidate | undefined,
  right: boolean,
  now: number,
): Promise<Verdict<Result>> {
  if (before === undefined) return failed("unknown");
  // Read again: the account or its password may have changed while the hash ran.
  const candidate = await findCandidate(tx, before.username);
  if (!right || candidate === undefined || candidate.phc !== before.phc) return failed("password");
  if (candidate.kind !== "human") return failed("not_human");
  if (candidate.status !== "active") return failed(candidate.status);

  const factor = await findTotpFactor(tx, candidate.id);
  if (factor !== undefined) {
    if (attempt.totpCode === undefined) {
      return { decision: { outcome: "totp_required", reason: "totp_missing" }, settlement: "given_back" };
    }
    if (!(await consumeTotp(tx, deps.seals, now, factor, attempt.totpCode))) return failed("totp");
  }

  const who: SignedIn = {
    accountId: candidate.id,
    username: candidate.username,
    kind: candidate.kind,
    roles: await rolesOf(tx, candidate.id),
  };
  if (!attempt.allows(who)) {
    return { decision: { outcome: "denied", reason: "policy" }, settlement: "given_back" };
  }
  await record(tx, attempt.origin, now, { type: "login_ok", actor: who.accountId, target: who.accountId });
  return {
    decision: { outcome: "signed_in", result: await attempt.complete(tx, who, now) },
    settlement: "forgiven",
  };
}

async function reserve(deps: SignInDeps, account: string, network: string): Promise<Reservation | "network_locked"> {
  const { storage, clock, guesses } = deps;
  const deadline = clock.elapsed() + crowdPatienceMs;
  for (;;) {
    const reservation = await storage.unit(async (tx) => {
      const now = clock.now();
      if (guesses.network !== "off") {
        const whole = await reserveGuess(tx, networkSubject(network), guesses.network, now);
        if (whole !== "reserved") return whole === "locked" ? "network_locked" : whole;
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
  deps: SignInDeps,
  reservation: "reserved" | "locked",
  account: string,
  network: string,
  settlement: Settlement,
  now: number,
): Promise<void> {
  const { guesses } = deps;
  // A try while locked was not reserved on the account, so there is nothing to settle there.
  if (reservation === "reserved") await settleGuess(tx, account, settlement, guesses.account, now);
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
