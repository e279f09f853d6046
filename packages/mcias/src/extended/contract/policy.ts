import { empty, json, wire, type InputOf, type OutputOf } from "@cardea/core";
import * as v from "valibot";
import { filled, time, uuid } from "../../forms.js";
import { label, names } from "./forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

/** An empty field, and one that is not there, matches all. A rule matches where every filled field does. */
const condition = /* @__PURE__ */ v.object({
  effect: v.picklist(["allow", "deny"]),
  roles: v.exactOptional(names),
  account_types: v.exactOptional(v.array(v.picklist(["human", "system"]))),
  subject_uuid: v.exactOptional(uuid),
  actions: v.exactOptional(names),
  resource_type: v.exactOptional(filled),
  owner_matches_subject: v.exactOptional(v.boolean()),
  service_names: v.exactOptional(names),
  required_tags: v.exactOptional(names),
});

const priority = /* @__PURE__ */ v.pipe(
  v.number(),
  v.check((value) => Number.isSafeInteger(value) && value >= 0 && value <= 1_000_000, "a whole number, 0 to 1000000"),
);

const PolicyRule = /* @__PURE__ */ v.object({
  id: uuid,
  description: v.string(),
  priority: v.number(),
  enabled: v.boolean(),
  not_before: v.exactOptional(time),
  expires_at: v.exactOptional(time),
  rule: condition,
  created_at: time,
  updated_at: time,
});

/** In the order in which they are looked at: by priority, the lowest first, then by age. */
export const listPolicyRules = /* @__PURE__ */ op("GET /v1/policy/rules", {
  caller: "administrator",
  reply: json(v.array(PolicyRule)),
});

/** Without a priority: 100. Without `enabled`: in force at once. */
export const createPolicyRule = /* @__PURE__ */ op("POST /v1/policy/rules", {
  caller: "administrator",
  json: v.object({
    description: label,
    priority: v.exactOptional(priority),
    enabled: v.exactOptional(v.boolean()),
    not_before: v.exactOptional(time),
    expires_at: v.exactOptional(time),
    rule: condition,
  }),
  reply: json(PolicyRule, { status: 201, tolerates: [200] }),
  fails: ["times_out_of_order"],
});

export const getPolicyRule = /* @__PURE__ */ op("GET /v1/policy/rules/{id}", {
  caller: "administrator",
  reply: json(PolicyRule),
  fails: ["not_found"],
});

/** Changes what is given and leaves the rest. A given `rule` replaces the whole of it. */
export const updatePolicyRule = /* @__PURE__ */ op("PATCH /v1/policy/rules/{id}", {
  caller: "administrator",
  json: v.object({
    description: v.exactOptional(label),
    priority: v.exactOptional(priority),
    enabled: v.exactOptional(v.boolean()),
    not_before: v.exactOptional(time),
    expires_at: v.exactOptional(time),
    /** A null is absence on this wire, so taking a time away has a member of its own. */
    clear_not_before: v.exactOptional(v.boolean()),
    clear_expires_at: v.exactOptional(v.boolean()),
    rule: v.exactOptional(condition),
  }),
  reply: json(PolicyRule),
  fails: ["not_found", "times_out_of_order"],
});

export const deletePolicyRule = /* @__PURE__ */ op("DELETE /v1/policy/rules/{id}", {
  caller: "administrator",
  reply: empty(),
  fails: ["not_found"],
});

/** A rule as the wire writes it. */
export type WirePolicyRule = OutputOf<typeof getPolicyRule>;
/** What a rule says, as the wire writes it. */
export type WirePolicyCondition = WirePolicyRule["rule"];
export type WireNewPolicyRule = InputOf<typeof createPolicyRule>["json"];
export type WirePolicyChange = InputOf<typeof updatePolicyRule>["json"];
