import type {
  WireAuditEvent,
  WirePgCredsEntry,
  WirePolicyCondition,
  WirePolicyRule,
  WireSsoClient,
  WireWebauthnCredential,
} from "./contract/index.js";

/** What the operations beyond the seed give back, as a program reads it. */

/** A secret that waits for its first code. Holds the secret: show it to its owner and to nobody else. */
export interface TotpEnrolment {
  /** Base32. */
  readonly secret: string;
  /** What authenticator apps read, also as a QR code. */
  readonly otpauthUri: string;
}

/** A credential of an authenticator. Nothing of its key. */
export interface WebauthnCredential {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
}

/** What a rule says. An empty field, and one that is not there, matches all; a rule matches where every filled one does. */
export interface PolicyCondition {
  readonly effect: "allow" | "deny";
  /** Any of these. */
  readonly roles?: readonly string[];
  readonly accountTypes?: readonly ("human" | "system")[];
  /** The id of one account. */
  readonly subjectUuid?: string;
  /** A login is `auth:login`. */
  readonly actions?: readonly string[];
  readonly resourceType?: string;
  readonly ownerMatchesSubject?: boolean;
  readonly serviceNames?: readonly string[];
  /** All of these. */
  readonly requiredTags?: readonly string[];
}

export interface PolicyRule {
  readonly id: string;
  readonly description: string;
  /** The lowest is looked at first; a deny beats every allow. */
  readonly priority: number;
  readonly enabled: boolean;
  readonly notBefore?: Date;
  readonly expiresAt?: Date;
  readonly rule: PolicyCondition;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface AuditEvent {
  readonly id: number;
  readonly eventType: string;
  readonly eventTime: Date;
  /** Empty where the deed came over no network. */
  readonly ipAddress: string;
  readonly actorId?: string;
  readonly targetId?: string;
}

export interface PgCredsEntry {
  readonly serviceAccountId: string;
  readonly username: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** A service that sends browsers to sign in. */
export interface SsoClient {
  readonly clientId: string;
  readonly redirectUri: string;
  /** With `tags` the policy context of every login through this client; empty where it has none. */
  readonly serviceName: string;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function webauthnCredential(wire: WireWebauthnCredential): WebauthnCredential {
  const { id, name, created_at, last_used_at } = wire;
  return {
    id,
    name,
    createdAt: new Date(created_at),
    ...(last_used_at !== null && { lastUsedAt: new Date(last_used_at) }),
  };
}

export function policyRule(wire: WirePolicyRule): PolicyRule {
  return {
    id: wire.id,
    description: wire.description,
    priority: wire.priority,
    enabled: wire.enabled,
    ...(wire.not_before !== undefined && { notBefore: new Date(wire.not_before) }),
    ...(wire.expires_at !== undefined && { expiresAt: new Date(wire.expires_at) }),
    rule: policyCondition(wire.rule),
    createdAt: new Date(wire.created_at),
    updatedAt: new Date(wire.updated_at),
  };
}

function policyCondition(wire: WirePolicyCondition): PolicyCondition {
  return {
    effect: wire.effect,
    ...(wire.roles !== undefined && { roles: wire.roles }),
    ...(wire.account_types !== undefined && { accountTypes: wire.account_types }),
    ...(wire.subject_uuid !== undefined && { subjectUuid: wire.subject_uuid }),
    ...(wire.actions !== undefined && { actions: wire.actions }),
    ...(wire.resource_type !== undefined && { resourceType: wire.resource_type }),
    ...(wire.owner_matches_subject !== undefined && { ownerMatchesSubject: wire.owner_matches_subject }),
    ...(wire.service_names !== undefined && { serviceNames: wire.service_names }),
    ...(wire.required_tags !== undefined && { requiredTags: wire.required_tags }),
  };
}

/** The other way: what a rule says, as the wire has it. */
export function wireCondition(rule: PolicyCondition): WirePolicyCondition {
  return {
    effect: rule.effect,
    ...(rule.roles !== undefined && { roles: [...rule.roles] }),
    ...(rule.accountTypes !== undefined && { account_types: [...rule.accountTypes] }),
    ...(rule.subjectUuid !== undefined && { subject_uuid: rule.subjectUuid }),
    ...(rule.actions !== undefined && { actions: [...rule.actions] }),
    ...(rule.resourceType !== undefined && { resource_type: rule.resourceType }),
    ...(rule.ownerMatchesSubject !== undefined && { owner_matches_subject: rule.ownerMatchesSubject }),
    ...(rule.serviceNames !== undefined && { service_names: [...rule.serviceNames] }),
    ...(rule.requiredTags !== undefined && { required_tags: [...rule.requiredTags] }),
  };
}

export function auditEvent(wire: WireAuditEvent): AuditEvent {
  return {
    id: wire.id,
    eventType: wire.event_type,
    eventTime: new Date(wire.event_time),
    ipAddress: wire.ip_address,
    ...(wire.actor_id !== null && { actorId: wire.actor_id }),
    ...(wire.target_id !== null && { targetId: wire.target_id }),
  };
}

export function pgCredsEntry(wire: WirePgCredsEntry): PgCredsEntry {
  const { service_account_id: serviceAccountId, ...rest } = wire;
  return { serviceAccountId, ...rest };
}

export function ssoClient(wire: WireSsoClient): SsoClient {
  return {
    clientId: wire.client_id,
    redirectUri: wire.redirect_uri,
    serviceName: wire.service_name,
    tags: wire.tags,
    enabled: wire.enabled,
    createdAt: new Date(wire.created_at),
    updatedAt: new Date(wire.updated_at),
  };
}
