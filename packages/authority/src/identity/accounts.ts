import type { Reader, Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";
import { eraseDatabaseCredentials } from "./database-credentials.js";
import { isLastAdministrator } from "./roles.js";
import { revokeTokensOf } from "./issued-tokens.js";

/** An account as it is known on one wire. */
export interface Account {
  readonly id: string;
  /** What the wire calls it. */
  readonly subject: string;
  readonly username: string;
  readonly kind: AccountKind;
  readonly status: AccountStatus;
  /** Milliseconds since the epoch, whole seconds. */
  readonly createdAt: number;
  /** Moves when the status or the second factor changes, and with nothing else. */
  readonly updatedAt: number;
  /** A code of a TOTP factor is enrolled and required. */
  readonly totpEnabled: boolean;
}

export type AccountKind = "human" | "system";
export type AccountStatus = "active" | "inactive" | "deleted";

/**
 * Which status may follow which, and what the change brings with it. What is not here cannot happen: nothing leads
 * out of `deleted`.
 */
const transitions: Readonly<Record<AccountStatus, Partial<Record<AccountStatus, Transition>>>> = {
  active: {
    inactive: { event: "account_updated", ends: true, erases: false },
    deleted: { event: "account_deleted", ends: true, erases: true },
  },
  inactive: {
    active: { event: "account_updated", ends: false, erases: false },
    deleted: { event: "account_deleted", ends: true, erases: true },
  },
  deleted: {},
};

interface Transition {
  readonly event: "account_updated" | "account_deleted";
  /** Revokes every token, and may not happen to the last administrator. */
  readonly ends: boolean;
  /** Erases what the account could sign in with and the secrets stored for it. */
  readonly erases: boolean;
}

/** What a user name may be. ASCII, so that no two look alike; compared as it is. */
export const usernameForm = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

export interface NewAccount {
  readonly id: string;
  /** What which wire calls it. */
  readonly wire: string;
  readonly subject: string;
  readonly username: string;
  readonly kind: AccountKind;
  /** Argon2id in PHC form. */
  readonly passwordHash?: string;
}

/** Makes an active account without roles. `username_taken` also where a deleted account has the name. */
export async function createAccount(
  tx: Tx,
  origin: Origin,
  now: number,
  account: NewAccount,
): Promise<Account | "username_taken"> {
  const { id, username, kind } = account;
  const at = wholeSeconds(now);
  await tx.insertInto("accounts").values({ id, kind, status: "active", created_at: at, updated_at: at }).execute();
  const named = await tx
    .insertInto("identifiers")
    .values({ kind: "username", value: username, account_id: id })
    .onConflict((conflict) => conflict.columns(["kind", "value"]).doNothing())
    .returning("account_id")
    .executeTakeFirst();
  if (named === undefined) {
    await tx.deleteFrom("accounts").where("id", "=", id).execute();
    return "username_taken";
  }
  await tx
    .insertInto("subjects")
    .values({ account_id: id, wire: account.wire, scope: "", subject: account.subject })
    .execute();
  if (account.passwordHash !== undefined) {
    await tx.insertInto("passwords").values({ account_id: id, phc: account.passwordHash, changed_at: now }).execute();
  }
  await record(tx, origin, now, { type: "account_created", target: id, details: { username, kind } });
  return {
    id,
    subject: account.subject,
    username,
    kind,
    status: "active",
    createdAt: at,
    updatedAt: at,
    totpEnabled: false,
  };
}

/** The account that a wire calls by this subject, deleted or not. */
export async function findBySubject(db: Reader, wire: string, subject: string): Promise<Account | undefined> {
  const row = await accountsOn(db, wire).where("subjects.subject", "=", subject).executeTakeFirst();
  return row === undefined ? undefined : accountFrom(row);
}

/** The account of this id, deleted or not. */
export async function findById(db: Reader, wire: string, id: string): Promise<Account | undefined> {
  const row = await accountsOn(db, wire).where("accounts.id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : accountFrom(row);
}

/** The account of this name, deleted or not. */
export async function findByUsername(db: Reader, wire: string, username: string): Promise<Account | undefined> {
  const row = await accountsOn(db, wire).where("identifiers.value", "=", username).executeTakeFirst();
  return row === undefined ? undefined : accountFrom(row);
}

/** Whether any account, a deleted one too, has the name. */
export async function isUsernameTaken(db: Reader, username: string): Promise<boolean> {
  const row = await db
    .selectFrom("identifiers")
    .select("account_id")
    .where("kind", "=", "username")
    .where("value", "=", username)
    .executeTakeFirst();
  return row !== undefined;
}

/** Every account that is not deleted, by creation and then by subject. */
export async function listAccounts(db: Reader, wire: string): Promise<Account[]> {
  const rows = await accountsOn(db, wire)
    .where("accounts.status", "!=", "deleted")
    .orderBy("accounts.created_at")
    .orderBy("subjects.subject")
    .execute();
  return rows.map(accountFrom);
}

/**
 * Moves an account to another status, with all that the change brings. The present status is no change.
 *
 * @returns the account as it is now; `not_found` where nothing leads from its status to the new one
 */
export async function setStatus(
  tx: Tx,
  origin: Origin,
  now: number,
  wire: string,
  subject: string,
  status: AccountStatus,
): Promise<Account | "not_found" | "last_administrator"> {
  const account = await findBySubject(tx, wire, subject);
  if (account === undefined || account.status === "deleted") return "not_found";
  if (account.status === status) return account;
  const transition = transitions[account.status][status];
  if (transition === undefined) return "not_found";
  if (transition.ends && (await isLastAdministrator(tx, account.id))) return "last_administrator";

  const at = wholeSeconds(now);
  await tx.updateTable("accounts").set({ status, updated_at: at }).where("id", "=", account.id).execute();
  if (transition.ends) await revokeTokensOf(tx, account.id, now);
  if (transition.erases) {
    await eraseDatabaseCredentials(tx, account.id);
    await tx.deleteFrom("passwords").where("account_id", "=", account.id).execute();
    await tx.deleteFrom("factors").where("account_id", "=", account.id).execute();
    await tx.deleteFrom("passkeys").where("account_id", "=", account.id).execute();
    await tx.deleteFrom("account_roles").where("account_id", "=", account.id).execute();
  }
  await record(tx, origin, now, { type: transition.event, target: account.id, details: { status } });
  return { ...account, status, updatedAt: at, ...(transition.erases && { totpEnabled: false }) };
}

/** Says that something which `updatedAt` speaks of has changed. */
export async function touch(tx: Tx, accountId: string, now: number): Promise<void> {
  await tx
    .updateTable("accounts")
    .set({ updated_at: wholeSeconds(now) })
    .where("id", "=", accountId)
    .execute();
}

function accountsOn(db: Reader, wire: string) {
  return db
    .selectFrom("accounts")
    .innerJoin("subjects", (join) =>
      join
        .onRef("subjects.account_id", "=", "accounts.id")
        .on("subjects.wire", "=", wire)
        .on("subjects.scope", "=", ""),
    )
    .innerJoin("identifiers", (join) =>
      join.onRef("identifiers.account_id", "=", "accounts.id").on("identifiers.kind", "=", "username"),
    )
    .leftJoin("factors", (join) =>
      join
        .onRef("factors.account_id", "=", "accounts.id")
        .on("factors.kind", "=", "totp")
        .on("factors.enabled", "=", 1),
    )
    .select([
      "accounts.id",
      "accounts.kind",
      "accounts.status",
      "accounts.created_at",
      "accounts.updated_at",
      "subjects.subject",
      "identifiers.value as username",
      "factors.id as factor",
    ]);
}

type AccountRow = NonNullable<Awaited<ReturnType<ReturnType<typeof accountsOn>["executeTakeFirst"]>>>;

function accountFrom(row: AccountRow): Account {
  return {
    id: row.id,
    subject: row.subject,
    username: row.username,
    kind: row.kind,
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    totpEnabled: row.factor !== null,
  };
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
