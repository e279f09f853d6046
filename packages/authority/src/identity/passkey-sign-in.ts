import type { Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";
import { accountSubject, reserveGuess, settleGuess } from "./guesses.js";
import { findIdentifier } from "./identifiers.js";
import { countPasskeyUse, findPasskey } from "./passkeys.js";
import { rolesOf } from "./roles.js";
import type { SignInDeps, SignedIn } from "./sign-in.js";
import {
  challengeOf,
  consumeChallenge,
  isPasswordOf,
  verifyAssertion,
  type LoginAnswer,
  type RelyingParty,
} from "./webauthn.js";

export interface PasskeyAttempt<Result> {
  readonly answer: LoginAnswer;
  readonly party: RelyingParty;
  readonly origin: Origin;
  /** Asked after the credential was right. It may ask `tx`. */
  allows(who: SignedIn, tx: Tx, now: number): boolean | Promise<boolean>;
  /** Does what the sign-in is for (issues a token), in the unit that completes it. */
  complete(tx: Tx, who: SignedIn, now: number): Promise<Result>;
}

export type PasskeyOutcome<Result> =
  | { readonly outcome: "signed_in"; readonly result: Result }
  | { readonly outcome: "denied" }
  /** Whatever is wrong: one answer. */
  | { readonly outcome: "refused" };

/**
 * Signs a person in with an assertion of their authenticator. A challenge that was made for one account is good for its
 * credentials only; one that was made for nobody stands in for the password too, so the user must have been verified.
 *
 * A lock of the account holds here as well, and a completed sign-in forgives. Nobody guesses a signature, so a wrong
 * one does not count: else whoever knows the id of a credential could lock its owner out.
 */
export async function signInWithPasskey<Result>(
  deps: SignInDeps,
  attempt: PasskeyAttempt<Result>,
): Promise<PasskeyOutcome<Result>> {
  const { storage, clock } = deps;
  const { answer, party, origin } = attempt;
  const challenge = challengeOf(answer.response.clientDataJSON);
  if (challenge === undefined) return { outcome: "refused" };
  const offered = await storage.unit((tx) => consumeChallenge(tx, "webauthn_login", challenge, clock.now()));
  const passkey = await findPasskey(storage.read, answer.id);
  const isOwner = offered?.accountId === undefined || offered.accountId === passkey?.accountId;
  const verified =
    offered !== undefined && passkey !== undefined && isOwner
      ? await verifyAssertion(answer, challenge, party, passkey, { userVerified: offered.accountId === undefined })
      : undefined;

  return storage.unit(async (tx): Promise<PasskeyOutcome<Result>> => {
    const now = clock.now();
    const fail = async (reason: string, outcome: "refused" | "denied" = "refused") => {
      await record(tx, origin, now, {
        type: "login_fail",
        ...(passkey !== undefined && { target: passkey.accountId }),
        details: { reason },
      });
      return { outcome };
    };
    if (offered === undefined || passkey === undefined || verified === undefined) return fail("passkey");
    const { account: limits } = deps.guesses;
    const ledger = accountSubject(passkey.accountId);
    const giveBack = () => settleGuess(tx, ledger, "given_back", limits, now);
    const reservation = await reserveGuess(tx, ledger, limits, now);
    if (reservation === "locked") await giveBack();
    if (reservation !== "reserved") return fail("locked");

    const who = await activeHuman(tx, passkey.accountId);
    const isGood = (await isPasswordOf(tx, offered)) && (await countPasskeyUse(tx, passkey, verified.counter, now));
    if (who === undefined || !isGood) {
      await giveBack();
      return fail(who === undefined ? "not_active" : "passkey");
    }
    if (!(await attempt.allows(who, tx, now))) {
      await giveBack();
      return fail("policy", "denied");
    }
    await record(tx, origin, now, { type: "login_ok", actor: who.accountId, target: who.accountId });
    const result = await attempt.complete(tx, who, now);
    await settleGuess(tx, ledger, "forgiven", limits, now);
    return { outcome: "signed_in", result };
  });
}

async function activeHuman(tx: Tx, accountId: string): Promise<SignedIn | undefined> {
  const account = await tx
    .selectFrom("accounts")
    .select(["kind", "status"])
    .where("id", "=", accountId)
    .executeTakeFirst();
  const username = await findIdentifier(tx, accountId, "username");
  if (account?.status !== "active" || account.kind !== "human" || username === undefined) return undefined;
  return { accountId, username, kind: account.kind, roles: await rolesOf(tx, accountId) };
}
