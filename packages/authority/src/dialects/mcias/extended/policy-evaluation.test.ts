import { expect, test } from "vitest";
import { evaluate, type PolicyQuestion, type RankedRule } from "./policy-evaluation.js";

const alice = "550e8400-e29b-41d4-a716-446655440000";
const now = Date.parse("2031-05-05T10:00:00Z");

const login: PolicyQuestion = {
  subject: { id: alice, kind: "human", roles: ["user"] },
  action: "auth:login",
  resource: { serviceName: "payroll", tags: ["env:production", "team:a"] },
};
/** What no built-in rule allows. */
const reading: PolicyQuestion = { ...login, action: "pgcreds:read", resource: { type: "pgcreds", tags: [] } };

const rule = (condition: RankedRule["condition"], more: Partial<RankedRule> = {}): RankedRule => ({
  priority: 100,
  enabled: true,
  condition,
  ...more,
});
const deny = (fields: Partial<RankedRule["condition"]> = {}, more: Partial<RankedRule> = {}) =>
  rule({ ...fields, effect: "deny" }, more);
const allow = (fields: Partial<RankedRule["condition"]> = {}, more: Partial<RankedRule> = {}) =>
  rule({ ...fields, effect: "allow" }, more);

test.each<[string, RankedRule[], PolicyQuestion, "allow" | "deny"]>([
  ["without rules a login is allowed", [], login, "allow"],
  ["without rules what is no login is denied", [], reading, "deny"],
  [
    "without rules an administrator may all",
    [],
    { ...reading, subject: { ...reading.subject, roles: ["admin"] } },
    "allow",
  ],
  ["without rules everybody may what is theirs", [], { ...reading, resource: { owner: alice, tags: [] } }, "allow"],
  ["a rule that allows, allows", [allow({ actions: ["pgcreds:read"] })], reading, "allow"],
  ["a deny that matches beats the built-in allow", [deny()], login, "deny"],
  [
    "a deny of a high number beats an allow of a low one",
    [allow({}, { priority: 1 }), deny({}, { priority: 9 })],
    login,
    "deny",
  ],
  [
    "a deny beats an administrator too",
    [deny()],
    { ...login, subject: { ...login.subject, roles: ["admin"] } },
    "deny",
  ],
  ["a deny that does not match says nothing", [deny({ roles: ["guest"] })], login, "allow"],
  ["a disabled rule says nothing", [deny({}, { enabled: false })], login, "allow"],
  ["a rule before its time says nothing", [deny({}, { notBefore: now + 1 })], login, "allow"],
  ["a rule at the begin of its time holds", [deny({}, { notBefore: now })], login, "deny"],
  ["a rule at the end of its time is over", [deny({}, { expiresAt: now })], login, "allow"],
  ["a rule before the end of its time holds", [deny({}, { expiresAt: now + 1 })], login, "deny"],
])("%s", (_, rules, question, expected) => {
  expect(evaluate(rules, question, now)).toBe(expected);
});

test.each<[string, Partial<RankedRule["condition"]>, boolean]>([
  ["no field", {}, true],
  ["an empty list", { roles: [], actions: [], service_names: [], required_tags: [], account_types: [] }, true],
  ["one of the roles", { roles: ["guest", "user"] }, true],
  ["none of the roles", { roles: ["guest"] }, false],
  ["the kind of account", { account_types: ["human"] }, true],
  ["another kind", { account_types: ["system"] }, false],
  ["the subject", { subject_uuid: alice }, true],
  ["the subject in capitals", { subject_uuid: alice.toUpperCase() }, true],
  ["another subject", { subject_uuid: "6fa459ea-ee8a-4ca4-894e-db77e160355e" }, false],
  ["the action", { actions: ["auth:login"] }, true],
  ["another action", { actions: ["auth:logout"] }, false],
  ["a type that the resource does not have", { resource_type: "pgcreds" }, false],
  ["an owner that is nobody", { owner_matches_subject: true }, false],
  ["any owner", { owner_matches_subject: false }, true],
  ["the service", { service_names: ["mail", "payroll"] }, true],
  ["another service", { service_names: ["mail"] }, false],
  ["every tag", { required_tags: ["team:a", "env:production"] }, true],
  ["a tag too many", { required_tags: ["team:a", "team:b"] }, false],
  ["all fields that match", { roles: ["user"], service_names: ["payroll"], required_tags: ["team:a"] }, true],
  ["all fields but one", { roles: ["user"], service_names: ["mail"], required_tags: ["team:a"] }, false],
])("a rule with %s matches: %o %s", (_, fields, matches) => {
  expect(evaluate([deny(fields)], login, now)).toBe(matches ? "deny" : "allow");
});

test("the order in which rules come changes nothing", () => {
  const rules = [
    allow({ actions: ["pgcreds:read"] }, { priority: 5 }),
    deny({ roles: ["guest"] }),
    allow({}, { priority: 7 }),
  ];
  expect(evaluate(rules, reading, now)).toBe(evaluate([...rules].reverse(), reading, now));
});
