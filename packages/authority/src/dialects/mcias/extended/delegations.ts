import { record, type Origin } from "../../../identity/audit.js";
import type { Reader, Tx } from "../../../storage/storage.js";
import type { DelegationsTable } from "../tables.js";

/** What may be delegated. */
export type Permission = DelegationsTable["permission"];

/** What one delegate may do for one system account. */
export interface Delegation {
  /** What the wire calls the delegate. */
  readonly subject: string;
  /** Ascending. */
  readonly permissions: readonly Permission[];
}

/** The delegates of an account who are not deleted, by their subjects. */
export async function listDelegations(db: Reader, accountId: string): Promise<Delegation[]> {
  const rows = await db
    .selectFrom("mcias_delegations")
    .innerJoin("accounts", "accounts.id", "mcias_delegations.delegate_id")
    .innerJoin("subjects", (join) =>
      join
        .onRef("subjects.account_id", "=", "accounts.id")
        .on("subjects.wire", "=", "mcias")
        .on("subjects.scope", "=", ""),
    )
    .select(["subjects.subject", "mcias_delegations.permission"])
    .where("mcias_delegations.account_id", "=", accountId)
    .where("accounts.status", "!=", "deleted")
    .orderBy("subjects.subject")
    .orderBy("mcias_delegations.permission")
    .execute();
  const bySubject = new Map<string, Permission[]>();
  for (const { subject, permission } of rows) {
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), permission]);
  }
  return [...bySubject].map(([subject, permissions]) => ({ subject, permissions }));
}

/** The ids of the accounts for which somebody may do this. */
export async function delegatedTo(db: Reader, delegateId: string, permission: Permission): Promise<string[]> {
  const rows = await db
    .selectFrom("mcias_delegations")
    .select("account_id")
    .where("delegate_id", "=", delegateId)
    .where("permission", "=", permission)
    .execute();
  return rows.map(({ account_id }) => account_id);
}

/** Replaces what a delegate may do for an account. */
export async function setDelegation(
  tx: Tx,
  origin: Origin,
  now: number,
  accountId: string,
  delegateId: string,
  permissions: readonly Permission[],
): Promise<void> {
  const wanted = new Set(permissions);
  const former = await tx
    .deleteFrom("mcias_delegations")
    .where("account_id", "=", accountId)
    .where("delegate_id", "=", delegateId)
    .returning("permission")
    .execute();
  const present = new Set(former.map(({ permission }) => permission));
  for (const permission of wanted) {
    await tx
      .insertInto("mcias_delegations")
      .values({ account_id: accountId, delegate_id: delegateId, permission })
      .execute();
  }
  const note = (type: "delegation_granted" | "delegation_revoked", changed: readonly Permission[]) =>
    changed.length === 0
      ? Promise.resolve()
      : record(tx, origin, now, { type, target: accountId, details: { delegate: delegateId, permissions: changed } });
  await note(
    "delegation_granted",
    [...wanted].filter((permission) => !present.has(permission)),
  );
  await note(
    "delegation_revoked",
    [...present].filter((permission) => !wanted.has(permission)),
  );
}
