/**
 * The Cardea authority: one identity core that speaks the wires of authentication services.
 *
 * @packageDocumentation
 */
export type { Authority, AuthorityOptions } from "./authority.js";
export { ReplyDropped, type Inbound, type Mount, type Outbound } from "./front/exchange.js";
export { jsonLog, silentLog, type JsonLogOptions, type Log, type LogFacts } from "./front/log.js";
export type { HouseReport } from "./house/apply.js";
export { openInMemory, type InMemoryAuthority, type InMemoryOptions, type Listening } from "./in-memory.js";
export type { Interventions } from "./interventions.js";
export { totpCodeAt as totpCode } from "./identity/totp.js";
export { startAuthority } from "./main.js";
export { applyHouseFile, exportHouse, importHouse, setupLink, verifyArchive, type HouseLocation } from "./operator.js";
export {
  auditKey,
  listAuditEvents,
  verifyAuditLog,
  type AuditEntry,
  type AuditFault,
  type AuditFinding,
  type AuditHead,
  type AuditReport,
  type AuditVerdict,
} from "./operator-audit.js";
export { listKeys, replaceMasterKey, rotateKeys, withdrawSigningKey, type KeyFacts } from "./operator-keys.js";
export type { Schema } from "./storage/schema.js";
export type { Reader, Storage, Tx } from "./storage/storage.js";
export { ArchiveError, type ArchiveCode } from "./transfer/archive-error.js";
export type { ArchiveSummary } from "./transfer/format.js";
