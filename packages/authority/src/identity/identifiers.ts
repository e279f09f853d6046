import type { Reader, Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";

/** What an account may be called by besides its user name. One value belongs to one account. */
export const identifierKinds = ["email", "phone", "handle"] as const;

export type IdentifierKind = (typeof identifierKinds)[number];

/** The value that an account has of this kind. */
export async function findIdentifier(
  db: Reader,
  accountId: string,
  kind: IdentifierKind | "username",
): Promise<string | undefined> {
  const row = await db
    .selectFrom("identifiers")
    .select("value")
    .where("account_id", "=", accountId)
    .where("kind", "=", kind)
    .executeTakeFirst();
  return row?.value;
}

/** The account that has this value, deleted or not. */
export async function findOwner(db: Reader, kind: IdentifierKind, value: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("identifiers")
    .select("account_id")
    .where("kind", "=", kind)
    .where("value", "=", value)
    .executeTakeFirst();
  return row?.account_id;
}

/** Takes from an account what it has of this kind, so that another may get it. */
export async function releaseIdentifier(tx: Tx, accountId: string, kind: IdentifierKind): Promise<void> {
  await tx.deleteFrom("identifiers").where("account_id", "=", accountId).where("kind", "=", kind).execute();
}

/** Gives an account a value of a kind that it has none of. `taken` where another account has it. */
export async function claimIdentifier(
  tx: Tx,
  origin: Origin,
  now: number,
  accountId: string,
  kind: IdentifierKind,
  value: string,
): Promise<"claimed" | "taken"> {
  const claimed = await tx
    .insertInto("identifiers")
    .values({ kind, value, account_id: accountId })
    .onConflict((conflict) => conflict.columns(["kind", "value"]).doNothing())
    .returning("account_id")
    .executeTakeFirst();
  if (claimed === undefined) return "taken";
  await record(tx, origin, now, { type: "account_updated", target: accountId, details: { identifier: kind } });
  return "claimed";
}
