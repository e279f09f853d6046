import { record, type Origin } from "../../../identity/audit.js";
import type { Reader, Tx } from "../../../storage/storage.js";
import type {} from "../tables.js";

/** The tags of an account, ascending by code point. */
export async function tagsOf(db: Reader, accountId: string): Promise<string[]> {
  const rows = await db.selectFrom("mcias_tags").select("tag").where("account_id", "=", accountId).execute();
  return rows.map(({ tag }) => tag).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Replaces the whole set. The same set again is no change. */
export async function setTags(
  tx: Tx,
  origin: Origin,
  now: number,
  accountId: string,
  tags: readonly string[],
): Promise<void> {
  const wanted = [...new Set(tags)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (JSON.stringify(wanted) === JSON.stringify(await tagsOf(tx, accountId))) return;
  await tx.deleteFrom("mcias_tags").where("account_id", "=", accountId).execute();
  for (const tag of wanted) await tx.insertInto("mcias_tags").values({ account_id: accountId, tag }).execute();
  await record(tx, origin, now, { type: "tags_updated", target: accountId, details: { tags: wanted } });
}
