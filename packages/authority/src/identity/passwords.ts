import type { Reader, Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";

/** Bytes of UTF-8 that a new password may have. No rule of composition. */
export const passwordBytes = { least: 12, most: 1024 } as const;

export function isAcceptablePassword(password: string): boolean {
  const bytes = Buffer.byteLength(password, "utf8");
  return bytes >= passwordBytes.least && bytes <= passwordBytes.most && password.isWellFormed();
}

/** The hash that is stored for an account, in PHC form. */
export async function findPasswordHash(db: Reader, accountId: string): Promise<string | undefined> {
  const row = await db.selectFrom("passwords").select("phc").where("account_id", "=", accountId).executeTakeFirst();
  return row?.phc;
}

/** When the password of an account was set last: what was begun with it is void once another has taken its place. */
export async function passwordChangedAt(db: Reader, accountId: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("passwords")
    .select("changed_at")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  return row?.changed_at;
}

/** Stores a hash in place of the former one. */
export async function setPasswordHash(
  tx: Tx,
  origin: Origin,
  now: number,
  accountId: string,
  phc: string,
): Promise<void> {
  await tx
    .insertInto("passwords")
    .values({ account_id: accountId, phc, changed_at: now })
    .onConflict((conflict) => conflict.column("account_id").doUpdateSet({ phc, changed_at: now }))
    .execute();
  await record(tx, origin, now, { type: "password_changed", target: accountId });
}
