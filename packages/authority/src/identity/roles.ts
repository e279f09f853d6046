import type { Reader, Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";

/** The role that may administer. */
export const administrator = "admin";

/** The roles of an account, ascending by code point. */
export async function rolesOf(db: Reader, accountId: string): Promise<string[]> {
  const rows = await db.selectFrom("account_roles").select("role").where("account_id", "=", accountId).execute();
  return rows.map((row) => row.role).sort(byCodePoint);
}

/**
 * Replaces the whole set of roles. Tokens that are out keep theirs.
 *
 * @returns `last_administrator` where nobody could administer any more; nothing is changed then
 */
export async function setRoles(
  tx: Tx,
  origin: Origin,
  now: number,
  accountId: string,
  roles: readonly string[],
): Promise<"set" | "last_administrator"> {
  const wanted = new Set(roles);
  const present = new Set(await rolesOf(tx, accountId));
  const granted = [...wanted].filter((role) => !present.has(role)).sort(byCodePoint);
  const revoked = [...present].filter((role) => !wanted.has(role));
  if (revoked.includes(administrator) && (await isLastAdministrator(tx, accountId))) return "last_administrator";

  for (const role of granted) {
    await tx.insertInto("account_roles").values({ account_id: accountId, role }).execute();
    await record(tx, origin, now, { type: "role_granted", target: accountId, details: { role } });
  }
  for (const role of revoked) {
    await tx.deleteFrom("account_roles").where("account_id", "=", accountId).where("role", "=", role).execute();
    await record(tx, origin, now, { type: "role_revoked", target: accountId, details: { role } });
  }
  return "set";
}

/** Gives one role more. Nothing happens where the account has it. */
export async function grantRole(tx: Tx, origin: Origin, now: number, accountId: string, role: string): Promise<void> {
  const granted = await tx
    .insertInto("account_roles")
    .values({ account_id: accountId, role })
    .onConflict((conflict) => conflict.columns(["account_id", "role"]).doNothing())
    .returning("role")
    .executeTakeFirst();
  if (granted === undefined) return;
  await record(tx, origin, now, { type: "role_granted", target: accountId, details: { role } });
}

/** Takes one role away. Nothing happens where the account does not have it. */
export async function revokeRole(
  tx: Tx,
  origin: Origin,
  now: number,
  accountId: string,
  role: string,
): Promise<"revoked" | "last_administrator"> {
  if (role === administrator && (await isLastAdministrator(tx, accountId))) return "last_administrator";
  const revoked = await tx
    .deleteFrom("account_roles")
    .where("account_id", "=", accountId)
    .where("role", "=", role)
    .returning("role")
    .executeTakeFirst();
  if (revoked !== undefined) {
    await record(tx, origin, now, { type: "role_revoked", target: accountId, details: { role } });
  }
  return "revoked";
}

/**
 * Whether this account is the one active human with the administrator's role. A system account does not count: it
 * cannot sign in to repair anything.
 */
export async function isLastAdministrator(db: Reader, accountId: string): Promise<boolean> {
  const administrators = await administratorsOf(db).limit(2).execute();
  return administrators.length === 1 && administrators[0]?.id === accountId;
}

/** Whether anybody can sign in and administer. */
export async function hasAdministrator(db: Reader): Promise<boolean> {
  return (await administratorsOf(db).limit(1).executeTakeFirst()) !== undefined;
}

function administratorsOf(db: Reader) {
  return db
    .selectFrom("accounts")
    .innerJoin("account_roles", "account_roles.account_id", "accounts.id")
    .select("accounts.id")
    .where("account_roles.role", "=", administrator)
    .where("accounts.kind", "=", "human")
    .where("accounts.status", "=", "active");
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
