import { systemClock } from "@cardea/core";
import type { Storage } from "@cardea/authority";
// Accounts are locked and deleted behind the back of every wire.
import { interventionsIn } from "../../packages/authority/dist/interventions.js";

const minute = 60_000;
const password = "correct horse battery";
const wrongPassword = "correct horse batterx";
const totp = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/** How many names there are for each cause, so that no row of the ledger is the hot one. */
export const namesEach = 4;

interface Cause {
  /** What the house has of it; nothing where there is no such account. */
  readonly account?: object;
  readonly fate?: "deleted" | "locked";
  readonly password: string;
}

/** Why a login fails, in ways that nobody may tell apart. Every request has a code, and all are of one length. */
const table = {
  unknown: { password },
  "wrong password": { account: { password }, password: wrongPassword },
  "wrong code": { account: { password, totp }, password },
  inactive: { account: { password, status: "inactive" }, password },
  deleted: { account: { password }, fate: "deleted", password },
  locked: { account: { password }, fate: "locked", password },
  "system account": { account: { type: "system" }, password },
} as const satisfies Record<string, Cause>;

export type CauseName = keyof typeof table;
export const causes = Object.keys(table) as CauseName[];
export const causesToTell = causes.filter((cause) => cause !== "unknown");

export interface Attempt {
  readonly username: string;
  readonly password: string;
  readonly totpCode: string;
}

/** A request that fails for this cause. */
export function attemptOf(cause: CauseName, turn: number): Attempt {
  return { username: nameOf(cause, turn % namesEach), password: table[cause].password, totpCode: "000000" };
}

function nameOf(cause: CauseName, number: number): string {
  return `someone-${causes.indexOf(cause)}${number}`;
}

/** A house with people for every cause, and limits so far away that no sample meets them. */
export function houseOfCauses(): object {
  const rows: readonly (readonly [string, Cause])[] = Object.entries(table);
  const accounts = rows.flatMap(([cause, { account }]) =>
    account === undefined
      ? []
      : Array.from({ length: namesEach }, (_, n) => ({ username: nameOf(cause as CauseName, n), ...account })),
  );
  return {
    accounts,
    guesses: { limit: 1_000, windowSeconds: 86_400, perNetwork: "off" },
    mcias: { rates: { login: "off", validate: "off" } },
  };
}

/** Locks and deletes those whose cause it is. */
export async function meetFates(storage: Storage): Promise<void> {
  const house = interventionsIn({
    storage,
    clock: systemClock,
    limits: { limit: 1, windowMs: minute, lockMs: 24 * 60 * minute },
  });
  for (const [cause, { fate }] of Object.entries(table as Record<string, Cause>)) {
    for (let n = 0; fate !== undefined && n < namesEach; n += 1) {
      const username = nameOf(cause as CauseName, n);
      await (fate === "locked" ? house.lock(username) : house.setStatus(username, fate));
    }
  }
}
