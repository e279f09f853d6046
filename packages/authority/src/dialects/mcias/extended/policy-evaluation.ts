import type { WirePolicyCondition } from "@cardea/mcias/contract/extended";

/** A rule as it is weighed (section 8). */
export interface RankedRule {
  /** The lowest is looked at first. */
  readonly priority: number;
  readonly enabled: boolean;
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly expiresAt?: number;
  readonly condition: WirePolicyCondition;
}

/** Who wants to do what to what. */
export interface PolicyQuestion {
  readonly subject: { readonly id: string; readonly kind: "human" | "system"; readonly roles: readonly string[] };
  readonly action: string;
  readonly resource: {
    readonly type?: string;
    /** The id of the account that it belongs to. */
    readonly owner?: string;
    readonly serviceName?: string;
    readonly tags: readonly string[];
  };
}

const always = { enabled: true, priority: 0 } as const;

/** What holds before anybody has made a rule. They come first; a deny beats them all the same. */
export const builtInRules: readonly RankedRule[] = [
  { ...always, condition: { effect: "allow", roles: ["admin"] } },
  { ...always, condition: { effect: "allow", actions: ["auth:login"] } },
  { ...always, condition: { effect: "allow", owner_matches_subject: true } },
];

/**
 * Weighs rules: by priority, any deny that matches beats every allow, else the first allow, else deny.
 *
 * @param rules besides the built-in ones, in any order
 */
export function evaluate(rules: readonly RankedRule[], question: PolicyQuestion, now: number): "allow" | "deny" {
  const matching = [...builtInRules, ...[...rules].sort((a, b) => a.priority - b.priority)].filter(
    (rule) => isInForce(rule, now) && matches(rule.condition, question),
  );
  const decisive = matching.find(({ condition }) => condition.effect === "deny") ?? matching[0];
  return decisive?.condition.effect ?? "deny";
}

function isInForce({ enabled, notBefore = 0, expiresAt = Infinity }: RankedRule, now: number): boolean {
  return enabled && notBefore <= now && now < expiresAt;
}

/** Every filled field must match; one that is empty, false or absent matches all. */
function matches(condition: WirePolicyCondition, { subject, action, resource }: PolicyQuestion): boolean {
  return (
    anyOf(condition.roles, subject.roles) &&
    anyOf(condition.account_types, [subject.kind]) &&
    anyOf(listOf(condition.subject_uuid?.toLowerCase()), [subject.id]) &&
    anyOf(condition.actions, [action]) &&
    anyOf(listOf(condition.resource_type), [resource.type]) &&
    (condition.owner_matches_subject !== true || resource.owner === subject.id) &&
    anyOf(condition.service_names, [resource.serviceName]) &&
    (condition.required_tags ?? []).every((tag) => resource.tags.includes(tag))
  );
}

function anyOf(wanted: readonly string[] = [], present: readonly (string | undefined)[]): boolean {
  return wanted.length === 0 || wanted.some((one) => present.includes(one));
}

function listOf(one: string | undefined): readonly string[] {
  return one === undefined ? [] : [one];
}
