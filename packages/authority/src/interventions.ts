import { CardeaError, type Clock } from "@cardea/core";
import { findByUsername, setStatus, type Account, type AccountStatus } from "./identity/accounts.js";
import type { Origin } from "./identity/audit.js";
import { accountSubject, reserveGuess, settleGuess, type GuessLimits } from "./identity/guesses.js";
import { spendToken } from "./identity/issued-tokens.js";
import type { Storage, Tx } from "./storage/storage.js";

/** What a test does to accounts and tokens behind the back of every wire. */
export interface Interventions {
  /** What a wire calls an account. @throws CardeaError `not_found` */
  subjectOf(wire: string, username: string): Promise<string>;
  /**
   * Moves an account to another status, with all that the change brings.
   *
   * @throws CardeaError `not_found`, also where it is deleted already; `last_administrator`
   */
  setStatus(username: string, status: AccountStatus): Promise<void>;
  /** Locks an account as too many wrong guesses would. @throws CardeaError `not_found` */
  lock(username: string): Promise<void>;
  /** Ends a token as the lapse of its time would. @throws CardeaError `not_found` */
  expireToken(jti: string): Promise<void>;
  /** Revokes a token; one that is revoked already stays so. @throws CardeaError `not_found` */
  revokeToken(jti: string): Promise<void>;
}

/** The wire by whose names accounts are found. */
const wire = "mcias";
const origin: Origin = { wire: "operator", operation: "intervene" };

export function interventionsIn(deps: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly limits: GuessLimits;
}): Interventions {
  const { storage, clock, limits } = deps;

  async function findIn(tx: Tx, username: string): Promise<Account> {
    return (await findByUsername(tx, wire, username)) ?? missing(`nobody is called ${username}`);
  }

  return {
    async subjectOf(onWire, username) {
      const account = await findByUsername(storage.read, onWire, username);
      return (account ?? missing(`${onWire} knows nobody called ${username}`)).subject;
    },

    async setStatus(username, status) {
      const outcome = await storage.unit(async (tx) => {
        const { subject } = await findIn(tx, username);
        return setStatus(tx, origin, clock.now(), wire, subject, status);
      });
      if (outcome === "not_found") missing(`the account ${username} is deleted`);
      if (outcome === "last_administrator") {
        throw new CardeaError(`${username} is the last administrator`, { code: "last_administrator" });
      }
    },

    lock: (username) =>
      storage.unit(async (tx) => {
        const guessed = accountSubject((await findIn(tx, username)).id);
        const now = clock.now();
        while ((await reserveGuess(tx, guessed, limits, now)) === "reserved") {
          await settleGuess(tx, guessed, "failed", limits, now);
        }
      }),

    expireToken: (jti) =>
      storage.unit(async (tx) => {
        await expectToken(tx, jti);
        await tx.updateTable("issued_tokens").set({ expires_at: clock.now() }).where("jti", "=", jti).execute();
      }),

    revokeToken: (jti) =>
      storage.unit(async (tx) => {
        await spendToken(tx, await expectToken(tx, jti), jti, clock.now());
      }),
  };
}

/** @returns the wire that it was made for */
async function expectToken(tx: Tx, jti: string): Promise<string> {
  const row = await tx.selectFrom("issued_tokens").select("wire").where("jti", "=", jti).executeTakeFirst();
  return (row ?? missing("no token with this id was issued")).wire;
}

function missing(what: string): never {
  throw new CardeaError(what, { code: "not_found" });
}
