import type * as contract from "@cardea/mcias/contract/extended";
import type { WirePolicyRule } from "@cardea/mcias/contract/extended";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { idFrom } from "../ids.js";
import { timestamp } from "../tokens.js";
import {
  addRule,
  changeRule,
  findRule,
  listRules,
  removeRule,
  type RuleContent,
  type StoredRule,
} from "./policy-rules.js";

type Policy = Pick<
  Handlers<typeof contract, Callers>,
  "listPolicyRules" | "createPolicyRule" | "getPolicyRule" | "updatePolicyRule" | "deletePolicyRule"
>;

const usualPriority = 100;

/** Section 8: the rules that logins are weighed by. */
export function policyHandlers({ storage, clock, uuid }: McIas): Policy {
  return {
    listPolicyRules: {
      rate: "none",
      audit: [],
      handler: async () => (await listRules(storage.read)).map(wireRule),
    },

    createPolicyRule: {
      rate: "none",
      audit: ["policy_rule_created"],
      handler: async ({ json }, { origin, refuse }) => {
        const content: RuleContent = {
          description: json.description,
          priority: json.priority ?? usualPriority,
          enabled: json.enabled ?? true,
          notBefore: timeFrom(json.not_before),
          expiresAt: timeFrom(json.expires_at),
          condition: json.rule,
        };
        if (isOutOfOrder(content)) refuse("times_out_of_order");
        return wireRule(await storage.unit((tx) => addRule(tx, origin, clock.now(), uuid(), content)));
      },
    },

    getPolicyRule: {
      rate: "none",
      audit: [],
      handler: async ({ path }, { refuse }) => {
        const id = idFrom(path.id) ?? refuse("not_found");
        return wireRule((await findRule(storage.read, id)) ?? refuse("not_found"));
      },
    },

    updatePolicyRule: {
      rate: "none",
      audit: ["policy_rule_updated"],
      handler: async ({ path, json }, { origin, refuse }) => {
        const id = idFrom(path.id) ?? refuse("not_found");
        const changed = await storage.unit(async (tx) => {
          const rule = await findRule(tx, id);
          if (rule === undefined) return "not_found";
          const content: RuleContent = {
            description: json.description ?? rule.description,
            priority: json.priority ?? rule.priority,
            enabled: json.enabled ?? rule.enabled,
            notBefore: json.clear_not_before === true ? undefined : (timeFrom(json.not_before) ?? rule.notBefore),
            expiresAt: json.clear_expires_at === true ? undefined : (timeFrom(json.expires_at) ?? rule.expiresAt),
            condition: json.rule ?? rule.condition,
          };
          if (isOutOfOrder(content)) return "times_out_of_order";
          return Object.keys(json).length === 0 ? rule : changeRule(tx, origin, clock.now(), rule, content);
        });
        return typeof changed === "string" ? refuse(changed) : wireRule(changed);
      },
    },

    deletePolicyRule: {
      rate: "none",
      audit: ["policy_rule_deleted"],
      handler: async ({ path }, { origin, refuse }) => {
        const id = idFrom(path.id) ?? refuse("not_found");
        if (!(await storage.unit((tx) => removeRule(tx, origin, clock.now(), id)))) refuse("not_found");
      },
    },
  };
}

/** Whole seconds, as every time of this wire. */
function timeFrom(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.floor(Date.parse(text) / 1000) * 1000;
}

function isOutOfOrder({ notBefore, expiresAt }: RuleContent): boolean {
  return notBefore !== undefined && expiresAt !== undefined && expiresAt <= notBefore;
}

function wireRule(rule: StoredRule): WirePolicyRule {
  return {
    id: rule.id,
    description: rule.description,
    priority: rule.priority,
    enabled: rule.enabled,
    ...(rule.notBefore !== undefined && { not_before: timestamp(rule.notBefore) }),
    ...(rule.expiresAt !== undefined && { expires_at: timestamp(rule.expiresAt) }),
    rule: rule.condition,
    created_at: timestamp(rule.createdAt),
    updated_at: timestamp(rule.updatedAt),
  };
}
