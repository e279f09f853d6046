import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import type { AuditEventsTable, AuditSealsTable } from "../storage/schema.js";
import type { KeyLine } from "./signing-key-states.js";

/*
 * The chain that makes the audit log tamper-evident. Each seal covers a batch of committed events. Its digest runs over
 * the digest of the seal before and the bytes of every event; the signature runs over all that the seal says. Whoever
 * changes, drops, adds or reorders events or seals needs the audit key, and that one is sealed by the master key.
 */

/** An event as it is stored. */
export type StoredEvent = Selectable<AuditEventsTable>;

export type Seal = AuditSealsTable;

/** The audit key. It is never followed by another: who verifies offline holds a copy of its public half. */
export const auditKeyLine: KeyLine = { wire: "audit", algorithm: "EdDSA" };

/** The digest of a batch: SHA-256 in hex. Each part is one line of JSON, so no two batches read alike. */
export function digestOf(previous: string, events: readonly StoredEvent[]): string {
  const hash = createHash("sha256").update(`${JSON.stringify(["cardea audit events v1", previous])}\n`);
  for (const event of events) hash.update(`${canonicalEvent(event)}\n`);
  return hash.digest("hex");
}

/** All that a seal says, as it is signed. */
export function statementOf(seal: Omit<Seal, "signature">): Uint8Array {
  const { number, first_id, last_id, count, ids, sealed_at, previous, digest, kid } = seal;
  return Buffer.from(
    JSON.stringify(["cardea audit seal v1", number, first_id, last_id, count, ids, sealed_at, previous, digest, kid]),
  );
}

function canonicalEvent(event: StoredEvent): string {
  const { id, at, type, wire, operation, actor_id, target_id, address, request_id, details } = event;
  return JSON.stringify([id, at, type, wire, operation, actor_id, target_id, address, request_id, details]);
}
