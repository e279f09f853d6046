import type { Tx } from "../storage/storage.js";

/** Everything that the audit log can say. Names of the MCIAS wire where it has one (its section 8). */
export type AuditType =
  | "login_ok"
  | "login_fail"
  | "token_issued"
  | "token_renewed"
  | "token_revoked"
  | "account_created"
  | "account_updated"
  | "account_deleted"
  | "role_granted"
  | "role_revoked"
  | "pgcred_updated"
  | "pgcred_accessed"
  | "password_changed"
  | "totp_enrolled"
  | "totp_removed"
  | "webauthn_enrolled"
  | "webauthn_removed"
  | "tags_updated"
  | "policy_rule_created"
  | "policy_rule_updated"
  | "policy_rule_deleted"
  | "vault_sealed"
  | "vault_unsealed"
  | "sso_client_created"
  | "sso_client_updated"
  | "sso_client_deleted"
  | "sso_code_issued"
  | "delegation_granted"
  | "delegation_revoked"
  | "setup_link_made"
  | "setup_link_used"
  | "signing_key_made"
  | "signing_key_retired"
  | "signing_key_withdrawn"
  | "master_key_changed"
  | "data_key_changed"
  | "house_applied";

/** Who does something, through which door, from where. */
export interface Origin {
  /** The wire, or `operator` for the house file and the command line. */
  readonly wire: string;
  /** The operation's name in its contract, or the command. */
  readonly operation: string;
  /** Account id, where it is known who acts. */
  readonly actor?: string;
  readonly address?: string;
  readonly network?: string;
  readonly requestId?: string;
  /** Where given, writing an event that is not in it is an error: the handler's row promises what it writes. */
  readonly audits?: readonly AuditType[];
}

/** What happened to whom. `details` never holds a secret. */
export interface AuditEvent {
  readonly type: AuditType;
  /** Account id of whom it was done to. */
  readonly target?: string;
  /** Account id of who did it, where the origin does not know. */
  readonly actor?: string;
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** Writes an event in the unit of the deed itself: the one is never stored without the other. */
export async function record(tx: Tx, origin: Origin, at: number, event: AuditEvent): Promise<void> {
  if (origin.audits !== undefined && !origin.audits.includes(event.type)) {
    throw new TypeError(`${origin.wire} ${origin.operation} does not say that it writes the audit event ${event.type}`);
  }
  await tx
    .insertInto("audit_events")
    .values({
      at,
      type: event.type,
      wire: origin.wire,
      operation: origin.operation,
      actor_id: event.actor ?? origin.actor ?? null,
      target_id: event.target ?? null,
      address: origin.address ?? null,
      request_id: origin.requestId ?? null,
      details: JSON.stringify(event.details ?? {}),
    })
    .execute();
}
