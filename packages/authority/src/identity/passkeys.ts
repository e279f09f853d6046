import type { Selectable } from "kysely";
import type { PasskeysTable } from "../storage/schema.js";
import type { Reader, Tx } from "../storage/storage.js";
import { record, type Origin } from "./audit.js";

/** A credential of a WebAuthn authenticator: what signs in without a password, or in the place of a code. */
export interface Passkey {
  readonly id: string;
  readonly accountId: string;
  /** Base64url. */
  readonly credentialId: string;
  /** COSE. */
  readonly publicKey: Uint8Array;
  /** 0 for ever from authenticators that do not count. */
  readonly counter: number;
  readonly transports: readonly string[];
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
}

/** The credentials of an account, the oldest first. */
export async function listPasskeys(db: Reader, accountId: string): Promise<Passkey[]> {
  const rows = await db
    .selectFrom("passkeys")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows.map(passkeyFrom);
}

/** The credential that an authenticator calls so. */
export async function findPasskey(db: Reader, credentialId: string): Promise<Passkey | undefined> {
  const row = await db.selectFrom("passkeys").selectAll().where("credential_id", "=", credentialId).executeTakeFirst();
  return row === undefined ? undefined : passkeyFrom(row);
}

/** @returns `known` where the credential is registered already, whosever it is */
export async function addPasskey(
  tx: Tx,
  origin: Origin,
  now: number,
  passkey: Omit<Passkey, "createdAt" | "lastUsedAt">,
): Promise<Passkey | "known"> {
  const added = await tx
    .insertInto("passkeys")
    .values({
      id: passkey.id,
      account_id: passkey.accountId,
      credential_id: passkey.credentialId,
      public_key: passkey.publicKey,
      counter: passkey.counter,
      transports: JSON.stringify(passkey.transports),
      name: passkey.name,
      created_at: now,
      last_used_at: null,
    })
    .onConflict((conflict) => conflict.column("credential_id").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (added === undefined) return "known";
  await record(tx, origin, now, {
    type: "webauthn_enrolled",
    target: passkey.accountId,
    details: { credential: passkey.id },
  });
  return { ...passkey, createdAt: now, lastUsedAt: undefined };
}

/**
 * Notes that a credential has signed. False where it was used, or taken away, since it was read: of two assertions with
 * one count only one is good.
 */
export async function countPasskeyUse(tx: Tx, passkey: Passkey, counter: number, now: number): Promise<boolean> {
  const moved = await tx
    .updateTable("passkeys")
    .set({ counter, last_used_at: now })
    .where("id", "=", passkey.id)
    .where("counter", "=", passkey.counter)
    .returning("id")
    .executeTakeFirst();
  return moved !== undefined;
}

/** @returns whether the account had it */
export async function removePasskey(
  tx: Tx,
  origin: Origin,
  now: number,
  accountId: string,
  id: string,
): Promise<boolean> {
  const removed = await tx
    .deleteFrom("passkeys")
    .where("id", "=", id)
    .where("account_id", "=", accountId)
    .returning("id")
    .executeTakeFirst();
  if (removed === undefined) return false;
  await record(tx, origin, now, { type: "webauthn_removed", target: accountId, details: { credential: id } });
  return true;
}

function passkeyFrom(row: Selectable<PasskeysTable>): Passkey {
  return {
    id: row.id,
    accountId: row.account_id,
    credentialId: row.credential_id,
    publicKey: row.public_key,
    counter: row.counter,
    transports: JSON.parse(row.transports) as string[],
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
