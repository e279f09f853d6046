/**
 * Login policy (sections 2.3 and 8). A rule matches when every field that it fills does; an empty or absent field
 * matches all. Whoever has the right credentials may log in, unless a rule that matches denies it.
 */
export interface PolicyRule {
  readonly effect: "allow" | "deny";
  readonly description?: string;
  readonly enabled?: boolean;
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly expiresAt?: number;
  /** Any of these. */
  readonly usernames?: readonly string[];
  readonly roles?: readonly string[];
  readonly serviceNames?: readonly string[];
  /** All of these. */
  readonly requiredTags?: readonly string[];
}

export interface LoginFacts {
  readonly username: string;
  readonly roles: readonly string[];
  readonly serviceName: string | undefined;
  readonly tags: readonly string[];
}

/** A deny wins over every allow, so an allow only says what would have been so anyway. */
export function allowsLogin(rules: readonly PolicyRule[], facts: LoginFacts, now: number): boolean {
  return !rules.some((rule) => rule.effect === "deny" && isInForce(rule, now) && matches(rule, facts));
}

function isInForce(rule: PolicyRule, now: number): boolean {
  return rule.enabled !== false && (rule.notBefore ?? 0) <= now && now < (rule.expiresAt ?? Infinity);
}

function matches(rule: PolicyRule, facts: LoginFacts): boolean {
  const one = (wanted: readonly string[] | undefined, present: readonly (string | undefined)[]) =>
    wanted === undefined || wanted.length === 0 || wanted.some((name) => present.includes(name));
  return (
    one(rule.usernames, [facts.username]) &&
    one(rule.roles, facts.roles) &&
    one(rule.serviceNames, [facts.serviceName]) &&
    (rule.requiredTags ?? []).every((tag) => facts.tags.includes(tag))
  );
}
