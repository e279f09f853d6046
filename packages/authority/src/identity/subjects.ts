import type { Tx } from "../storage/storage.js";

/** What a wire calls an account. Made on first need, the same for ever after. */
export async function subjectOn(tx: Tx, wire: string, accountId: string, fresh: () => string): Promise<string> {
  const found = await tx
    .selectFrom("subjects")
    .select("subject")
    .where("account_id", "=", accountId)
    .where("wire", "=", wire)
    .where("scope", "=", "")
    .executeTakeFirst();
  if (found !== undefined) return found.subject;
  const subject = fresh();
  await tx.insertInto("subjects").values({ account_id: accountId, wire, scope: "", subject }).execute();
  return subject;
}
