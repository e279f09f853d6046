import { equalSecrets } from "../keys/digest.js";
import type { Seals } from "../keys/seal.js";
import type { Reader, Tx } from "../storage/storage.js";
import { touch } from "./accounts.js";
import { record, type Origin } from "./audit.js";
import { matchingStep, newTotpSecret } from "./totp.js";

/** A second factor that is enrolled and required. */
export interface Factor {
  readonly id: string;
  readonly sealed: Uint8Array;
  readonly lastStep: number;
}

const place = (factorId: string) => ({ table: "factors", column: "secret", row: factorId });

export async function findTotpFactor(db: Reader, accountId: string): Promise<Factor | undefined> {
  const row = await db
    .selectFrom("factors")
    .select(["id", "secret", "last_step"])
    .where("account_id", "=", accountId)
    .where("kind", "=", "totp")
    .where("enabled", "=", 1)
    .executeTakeFirst();
  return row === undefined ? undefined : { id: row.id, sealed: row.secret, lastStep: row.last_step };
}

/**
 * Enrols a TOTP secret that is required from now on, in place of a former one.
 *
 * @returns false where it is the one that is enrolled already: nothing is changed then
 */
export async function enrolTotp(
  tx: Tx,
  seals: Seals,
  origin: Origin,
  now: number,
  accountId: string,
  factor: { readonly id: string; readonly secret: Uint8Array },
): Promise<boolean> {
  const present = await findTotpFactor(tx, accountId);
  if (present !== undefined) {
    if (equalSecrets(factor.secret, seals.open(place(present.id), present.sealed))) return false;
  }
  await replaceTotp(tx, seals, now, accountId, { ...factor, enabled: true });
  await touch(tx, accountId, now);
  await record(tx, origin, now, { type: "totp_enrolled", target: accountId });
  return true;
}

/** Stores a secret, sealed and bound to its row, in place of any other, also of one that waits: nobody has two. */
export async function replaceTotp(
  tx: Tx,
  seals: Seals,
  now: number,
  accountId: string,
  factor: { readonly id: string; readonly secret: Uint8Array; readonly enabled: boolean },
): Promise<void> {
  await tx.deleteFrom("factors").where("account_id", "=", accountId).where("kind", "=", "totp").execute();
  await tx
    .insertInto("factors")
    .values({
      id: factor.id,
      account_id: accountId,
      kind: "totp",
      secret: seals.seal(place(factor.id), factor.secret),
      enabled: factor.enabled ? 1 : 0,
      last_step: 0,
      created_at: now,
    })
    .execute();
}

/**
 * Consumes a code. True where it is right and this call is the one that used it: the time step moves forward by one
 * conditional write, so the same code never works twice.
 */
export async function consumeTotp(tx: Tx, seals: Seals, now: number, factor: Factor, code: string): Promise<boolean> {
  const secret = seals.open(place(factor.id), factor.sealed);
  const step = matchingStep(secret, code, now, { window: 1, after: factor.lastStep });
  if (step === undefined) return false;
  const moved = await tx
    .updateTable("factors")
    .set({ last_step: step })
    .where("id", "=", factor.id)
    .where("last_step", "<", step)
    .returning("id")
    .executeTakeFirst();
  return moved !== undefined;
}

/** Costs what looking for a factor and trying a code on it costs, for where there is nobody whose factor it could be. */
export async function pretendTotp(tx: Tx, seals: Seals, now: number, code: string | undefined): Promise<void> {
  await findTotpFactor(tx, nobody);
  if (code === undefined) return;
  const secret = newTotpSecret();
  // To seal is as much work as to open.
  seals.seal(place(nobody), secret);
  matchingStep(secret, code, now, { window: 1, after: Infinity });
}

const nobody = "00000000-0000-0000-0000-000000000000";
