import type { Selectable } from "kysely";
import type { WirePolicyCondition } from "@cardea/mcias/contract/extended";
import { record, type Origin } from "../../../identity/audit.js";
import type { Reader, Tx } from "../../../storage/storage.js";
import type { PolicyRulesTable } from "../tables.js";
import type { RankedRule } from "./policy-evaluation.js";

/** A rule that an administrator made. */
export interface StoredRule extends RankedRule {
  readonly id: string;
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What of a rule may be changed. A time that is `undefined` is taken away. */
export interface RuleContent extends Pick<StoredRule, "description" | "priority" | "enabled" | "condition"> {
  readonly notBefore: number | undefined;
  readonly expiresAt: number | undefined;
}

/** By priority, the lowest first, then by age. */
export async function listRules(db: Reader): Promise<StoredRule[]> {
  const rows = await db
    .selectFrom("mcias_policy_rules")
    .selectAll()
    .orderBy("priority")
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return rows.map(ruleFrom);
}

export async function findRule(db: Reader, id: string): Promise<StoredRule | undefined> {
  const row = await db.selectFrom("mcias_policy_rules").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : ruleFrom(row);
}

export async function addRule(
  tx: Tx,
  origin: Origin,
  now: number,
  id: string,
  content: RuleContent,
): Promise<StoredRule> {
  const row = { id, ...columnsOf(content), created_at: now, updated_at: now };
  await tx.insertInto("mcias_policy_rules").values(row).execute();
  await record(tx, origin, now, { type: "policy_rule_created", details: { rule: id } });
  return ruleFrom(row);
}

/** Puts new content in the place of the old. */
export async function changeRule(
  tx: Tx,
  origin: Origin,
  now: number,
  rule: StoredRule,
  content: RuleContent,
): Promise<StoredRule> {
  const columns = { ...columnsOf(content), updated_at: now };
  await tx.updateTable("mcias_policy_rules").set(columns).where("id", "=", rule.id).execute();
  await record(tx, origin, now, { type: "policy_rule_updated", details: { rule: rule.id } });
  return ruleFrom({ ...columns, id: rule.id, created_at: rule.createdAt });
}

/** @returns whether there was one */
export async function removeRule(tx: Tx, origin: Origin, now: number, id: string): Promise<boolean> {
  const removed = await tx.deleteFrom("mcias_policy_rules").where("id", "=", id).returning("id").executeTakeFirst();
  if (removed === undefined) return false;
  await record(tx, origin, now, { type: "policy_rule_deleted", details: { rule: id } });
  return true;
}

function columnsOf(content: RuleContent): Omit<PolicyRulesTable, "id" | "created_at" | "updated_at"> {
  return {
    description: content.description,
    priority: content.priority,
    enabled: content.enabled ? 1 : 0,
    not_before: content.notBefore ?? null,
    expires_at: content.expiresAt ?? null,
    condition: JSON.stringify(content.condition),
  };
}

function ruleFrom(row: Selectable<PolicyRulesTable>): StoredRule {
  return {
    id: row.id,
    description: row.description,
    priority: row.priority,
    enabled: row.enabled === 1,
    ...(row.not_before !== null && { notBefore: row.not_before }),
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
    condition: JSON.parse(row.condition) as WirePolicyCondition,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
