import { sha256 } from "../keys/digest.js";
import { consume, isOffered, offer, withdraw } from "../storage/single-use.js";
import type { Reader, Tx } from "../storage/storage.js";
import { createAccount, isUsernameTaken, type NewAccount } from "./accounts.js";
import { record, type Origin } from "./audit.js";
import { administrator, hasAdministrator, setRoles } from "./roles.js";

/** How long a link for making the first administrator works. */
const linkMs = 24 * 3_600_000;

/** Makes the code of a set-up link known, and ends the former one. `administrator_exists`: there is nothing left to set up. */
export async function offerSetupLink(
  tx: Tx,
  origin: Origin,
  now: number,
  code: string,
): Promise<"offered" | "administrator_exists"> {
  if (await hasAdministrator(tx)) return "administrator_exists";
  await withdraw(tx, "setup_link");
  await offer(tx, { kind: "setup_link", digest: sha256(code), payload: {}, expiresAt: now + linkMs, now });
  await record(tx, origin, now, { type: "setup_link_made" });
  return "offered";
}

/** Whether the link of this code may still be used: asked before work is done for a stranger. */
export function isSetupLinkOpen(db: Reader, now: number, code: string): Promise<boolean> {
  return isOffered(db, { kind: "setup_link", digest: sha256(code), now });
}

/**
 * Uses the link: makes the first administrator. A name that is taken leaves the link as it was.
 *
 * @returns `link_over` where the code is unknown, used or expired, or somebody else was first
 */
export async function useSetupLink(
  tx: Tx,
  origin: Origin,
  now: number,
  code: string,
  account: NewAccount,
): Promise<"made" | "link_over" | "username_taken"> {
  if (await hasAdministrator(tx)) return "link_over";
  if (await isUsernameTaken(tx, account.username)) return "username_taken";
  if ((await consume(tx, { kind: "setup_link", digest: sha256(code), now })) === undefined) return "link_over";
  const created = await createAccount(tx, origin, now, account);
  if (created === "username_taken") throw new TypeError("a name that was free in this unit is taken");
  await setRoles(tx, origin, now, created.id, [administrator]);
  await record(tx, origin, now, { type: "setup_link_used", target: created.id });
  return "made";
}
