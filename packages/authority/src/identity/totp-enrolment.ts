import { sha256 } from "../keys/digest.js";
import type { Seals } from "../keys/seal.js";
import { consume, offer } from "../storage/single-use.js";
import type { Reader, Tx } from "../storage/storage.js";
import { touch } from "./accounts.js";
import { record, type Origin } from "./audit.js";
import { consumeTotp, findTotpFactor, replaceTotp, type Factor } from "./factors.js";

/** How long a secret waits for its first code. */
const pendingMs = 60 * 60_000;

/**
 * Keeps a new secret that waits for its first code; a former one that waited is forgotten. Until it is confirmed nobody
 * is asked for a code.
 */
export async function beginTotpEnrolment(
  tx: Tx,
  seals: Seals,
  now: number,
  accountId: string,
  factor: { readonly id: string; readonly secret: Uint8Array },
): Promise<"pending" | "enrolled"> {
  if ((await findTotpFactor(tx, accountId)) !== undefined) return "enrolled";
  await replaceTotp(tx, seals, now, accountId, { ...factor, enabled: false });
  const pending = { kind: "totp_enrolment", digest: sha256(factor.id), accountId, payload: {} } as const;
  await offer(tx, { ...pending, expiresAt: now + pendingMs, now });
  return "pending";
}

/**
 * Confirms the secret that waits. A wrong code leaves it waiting; the right one works once, here and at the next login.
 *
 * @returns `nothing_pending` where none waits, or not any more
 */
export async function confirmTotpEnrolment(
  tx: Tx,
  seals: Seals,
  origin: Origin,
  now: number,
  accountId: string,
  code: string,
): Promise<"enrolled" | "wrong_code" | "nothing_pending"> {
  const factor = await findPending(tx, accountId, now);
  if (factor === undefined) return "nothing_pending";
  if (!(await consumeTotp(tx, seals, now, factor, code))) return "wrong_code";
  const won = await consume(tx, { kind: "totp_enrolment", digest: sha256(factor.id), now });
  if (won === undefined) return "nothing_pending";
  await tx.updateTable("factors").set({ enabled: 1 }).where("id", "=", factor.id).execute();
  await touch(tx, accountId, now);
  await record(tx, origin, now, { type: "totp_enrolled", target: accountId });
  return "enrolled";
}

/** Takes the factor away, also one that waits. */
export async function removeTotp(tx: Tx, origin: Origin, now: number, accountId: string): Promise<void> {
  const removed = await tx
    .deleteFrom("factors")
    .where("account_id", "=", accountId)
    .where("kind", "=", "totp")
    .returning("enabled")
    .execute();
  if (!removed.some(({ enabled }) => enabled === 1)) return;
  await touch(tx, accountId, now);
  await record(tx, origin, now, { type: "totp_removed", target: accountId });
}

async function findPending(db: Reader, accountId: string, now: number): Promise<Factor | undefined> {
  const row = await db
    .selectFrom("factors")
    .select(["id", "secret", "last_step", "created_at"])
    .where("account_id", "=", accountId)
    .where("kind", "=", "totp")
    .where("enabled", "=", 0)
    .executeTakeFirst();
  if (row === undefined || now - row.created_at >= pendingMs) return undefined;
  return { id: row.id, sealed: row.secret, lastStep: row.last_step };
}
