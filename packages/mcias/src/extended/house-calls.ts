import { Secret } from "@cardea/core";
import type { Caller } from "../caller.js";
import type { CallOptions } from "../options.js";
import * as contract from "./contract/index.js";
import {
  auditEvent,
  pgCredsEntry,
  policyRule,
  wireCondition,
  type AuditEvent,
  type PgCredsEntry,
  type PolicyCondition,
  type PolicyRule,
} from "./results.js";

/** What a new rule is made of. Without a priority 100, without `enabled` in force at once. */
export interface NewPolicyRule {
  readonly description: string;
  readonly priority?: number;
  readonly enabled?: boolean;
  readonly notBefore?: Date;
  readonly expiresAt?: Date;
  readonly rule: PolicyCondition;
}

/** What is to change. `null` takes a time away; what is not given stays. */
export interface PolicyRuleChange extends Partial<Omit<NewPolicyRule, "notBefore" | "expiresAt">> {
  readonly notBefore?: Date | null;
  readonly expiresAt?: Date | null;
}

export interface AuditQuery {
  /** 1 to 1000; 50 where it is not given. */
  readonly limit?: number;
  readonly offset?: number;
  readonly eventType?: string;
  readonly actorId?: string;
}

/** Policy rules, the audit log, the vault, and the list of database credentials. */
export interface HouseCalls {
  /** Needs `admin`. In the order in which they are looked at. */
  listPolicyRules(options?: CallOptions): Promise<PolicyRule[]>;
  /** Needs `admin`. */
  createPolicyRule(rule: NewPolicyRule, options?: CallOptions): Promise<PolicyRule>;
  /** Needs `admin`. */
  getPolicyRule(id: string, options?: CallOptions): Promise<PolicyRule>;
  /** Needs `admin`. A given `rule` replaces the whole of it. */
  updatePolicyRule(id: string, change: PolicyRuleChange, options?: CallOptions): Promise<PolicyRule>;
  /** Needs `admin`. */
  deletePolicyRule(id: string, options?: CallOptions): Promise<void>;
  /** Needs `admin`. The newest first; `total` counts all that the query lets through. */
  listAuditEvents(query?: AuditQuery, options?: CallOptions): Promise<{ events: AuditEvent[]; total: number }>;
  /** Needs a token. Those that it may use, without their passwords. */
  listPgCreds(options?: CallOptions): Promise<PgCredsEntry[]>;
  /** Needs nothing, and is answered while the vault is sealed. */
  vaultStatus(options?: CallOptions): Promise<{ sealed: boolean }>;
  /** Needs the passphrase only. @throws MciasAuthError where it is wrong @throws MciasConflictError where there is none */
  unsealVault(passphrase: string | Secret, options?: CallOptions): Promise<void>;
  /** Needs `admin`. Everything else answers `vault_sealed` from then on. */
  sealVault(options?: CallOptions): Promise<void>;
}

export function houseCalls(caller: Caller): HouseCalls {
  return {
    async listPolicyRules({ signal } = {}) {
      return (await caller.holding(contract.listPolicyRules, {}, { signal })).map(policyRule);
    },
    async createPolicyRule({ notBefore, expiresAt, rule, ...plain }, { signal } = {}) {
      const json = { ...plain, ...timesOf({ notBefore, expiresAt }), rule: wireCondition(rule) };
      return policyRule(await caller.holding(contract.createPolicyRule, { json }, { signal }));
    },
    async getPolicyRule(id, { signal } = {}) {
      return policyRule(await caller.holding(contract.getPolicyRule, { path: { id } }, { signal }));
    },
    async updatePolicyRule(id, { notBefore, expiresAt, rule, ...plain }, { signal } = {}) {
      const json = {
        ...plain,
        ...timesOf({ notBefore, expiresAt }),
        ...(rule !== undefined && { rule: wireCondition(rule) }),
      };
      return policyRule(await caller.holding(contract.updatePolicyRule, { path: { id }, json }, { signal }));
    },
    async deletePolicyRule(id, { signal } = {}) {
      await caller.holding(contract.deletePolicyRule, { path: { id } }, { signal });
    },
    async listAuditEvents({ limit, offset, eventType, actorId } = {}, { signal } = {}) {
      const query = {
        ...(limit !== undefined && { limit: String(limit) }),
        ...(offset !== undefined && { offset: String(offset) }),
        ...(eventType !== undefined && { event_type: eventType }),
        ...(actorId !== undefined && { actor_id: actorId }),
      };
      const { events, total } = await caller.holding(contract.listAuditEvents, { query }, { signal });
      return { events: events.map(auditEvent), total };
    },
    async listPgCreds({ signal } = {}) {
      return (await caller.holding(contract.listPgCreds, {}, { signal })).map(pgCredsEntry);
    },
    vaultStatus: ({ signal } = {}) => caller.plainly(contract.vaultStatus, {}, { signal }),
    async unsealVault(passphrase, { signal } = {}) {
      const secret = Secret.of(passphrase);
      const input = { json: { passphrase: secret.expose() } };
      await caller.plainly(contract.unsealVault, input, { signal, secrets: [secret] });
    },
    async sealVault({ signal } = {}) {
      await caller.holding(contract.sealVault, {}, { signal });
    },
  };
}

interface Times {
  readonly notBefore: Date | null | undefined;
  readonly expiresAt: Date | null | undefined;
}

/** On the wire a null is absence, so taking a time away has a member of its own. */
function timesOf({ notBefore, expiresAt }: Times) {
  return {
    ...(notBefore instanceof Date && { not_before: wireTime(notBefore) }),
    ...(expiresAt instanceof Date && { expires_at: wireTime(expiresAt) }),
    ...(notBefore === null && { clear_not_before: true }),
    ...(expiresAt === null && { clear_expires_at: true }),
  };
}

/** Whole seconds, as every time of this wire. */
function wireTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
