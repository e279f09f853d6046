import type { Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";
import { consumeTotp, findTotpFactor, pretendTotp } from "./factors.js";
import { attemptPassword, type PasswordDeps, type PasswordHolder, type Verdict } from "./password-attempt.js";
import { rolesOf } from "./roles.js";

/** What signing in needs of the house. */
export type SignInDeps = PasswordDeps;

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
  /** Asked after every credential was right. False: `denied`, which neither counts nor forgives. It may ask `tx`. */
  allows(who: SignedIn, tx: Tx, now: number): boolean | Promise<boolean>;
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

/**
 * Signs a person in with a password and, where enrolled, a code. What the sign-in is for is written in the unit that
 * settles the guess.
 *
 * @throws CardeaError `busy`, with `retryAfterMs`, where too many hashes wait; the guess is given back
 */
export async function signIn<Result>(deps: SignInDeps, attempt: SignInAttempt<Result>): Promise<SignInOutcome<Result>> {
  const attempted = await attemptPassword(
    deps,
    attempt,
    (tx, holder, now) => decide(tx, deps, attempt, holder, now),
    (tx, now) => pretendTotp(tx, deps.seals, now, attempt.totpCode),
  );
  return attempted.outcome === "judged" ? attempted.result : attempted;
}

async function decide<Result>(
  tx: Tx,
  deps: SignInDeps,
  attempt: SignInAttempt<Result>,
  holder: PasswordHolder,
  now: number,
): Promise<Verdict<SignInOutcome<Result>>> {
  const factor = await findTotpFactor(tx, holder.accountId);
  if (factor !== undefined) {
    if (attempt.totpCode === undefined) {
      return { result: { outcome: "totp_required" }, settlement: "given_back", failure: "totp_missing" };
    }
    if (!(await consumeTotp(tx, deps.seals, now, factor, attempt.totpCode))) return { wrong: "totp" };
  }
  const who: SignedIn = { ...holder, roles: await rolesOf(tx, holder.accountId) };
  if (!(await attempt.allows(who, tx, now))) {
    return { result: { outcome: "denied" }, settlement: "given_back", failure: "policy" };
  }
  await record(tx, attempt.origin, now, { type: "login_ok", actor: who.accountId, target: who.accountId });
  return {
    result: { outcome: "signed_in", result: await attempt.complete(tx, who, now) },
    settlement: "forgiven",
  };
}
