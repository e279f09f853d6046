import { findBySubject, type Account } from "../../../identity/accounts.js";
import type { Reader } from "../../../storage/storage.js";
import { idFrom } from "../ids.js";

/** The account of an id in a path, unless it is deleted or was never there. */
export async function livingAccount(db: Reader, id: string): Promise<Account | undefined> {
  const subject = idFrom(id);
  const account = subject === undefined ? undefined : await findBySubject(db, "mcias", subject);
  return account?.status === "deleted" ? undefined : account;
}
