import type { Generated } from "kysely";

/**
 * Every table of the identity core, as the queries see it. Times are milliseconds since the epoch, truths are 0 and 1,
 * ids are lower-case UUIDs made by the authority, sealed columns hold what `keys/seal.ts` wrote.
 */
export interface Schema {
  accounts: AccountsTable;
  identifiers: IdentifiersTable;
  subjects: SubjectsTable;
  passwords: PasswordsTable;
  factors: FactorsTable;
  passkeys: PasskeysTable;
  account_roles: AccountRolesTable;
  issued_tokens: IssuedTokensTable;
  database_credentials: DatabaseCredentialsTable;
  signing_keys: SigningKeysTable;
  data_keys: DataKeysTable;
  guesses: GuessesTable;
  one_time: OneTimeTable;
  audit_events: AuditEventsTable;
  audit_seals: AuditSealsTable;
  settings: SettingsTable;
}

export interface AccountsTable {
  id: string;
  kind: "human" | "system";
  status: "active" | "inactive" | "deleted";
  created_at: number;
  updated_at: number;
}

/** What a person types to say who they are. Unique for ever: the row of a deleted account stays. */
export interface IdentifiersTable {
  kind: "username" | "email" | "phone" | "handle";
  value: string;
  account_id: string;
}

/** What a wire calls its subject. One account may have several on one wire (a subject for each tenant). */
export interface SubjectsTable {
  account_id: string;
  wire: string;
  /** The tenant or the like; empty where the wire knows none. */
  scope: string;
  subject: string;
}

export interface PasswordsTable {
  account_id: string;
  /** Argon2id in PHC form. */
  phc: string;
  changed_at: number;
}

export interface FactorsTable {
  id: string;
  account_id: string;
  kind: "totp";
  secret: Uint8Array;
  /** 0 while enrolment waits for its first code. */
  enabled: number;
  /** The newest time step that was accepted; nothing at or below it is accepted again. */
  last_step: number;
  created_at: number;
}

/** What an authenticator registered (WebAuthn, level 3). */
export interface PasskeysTable {
  id: string;
  account_id: string;
  /** Base64url, as the authenticator made it. */
  credential_id: string;
  /** COSE. */
  public_key: Uint8Array;
  /** The newest count of signatures that was seen; 0 for ever from authenticators that do not count. */
  counter: number;
  /** JSON, a list of texts. */
  transports: string;
  /** What its owner calls it. */
  name: string;
  created_at: number;
  last_used_at: number | null;
}

export interface AccountRolesTable {
  account_id: string;
  role: string;
}

export interface IssuedTokensTable {
  jti: string;
  account_id: string;
  wire: string;
  issuer: string;
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
}

export interface DatabaseCredentialsTable {
  account_id: string;
  sealed: Uint8Array;
  updated_at: number;
}

export interface SigningKeysTable {
  /** RFC 7638 thumbprint of the public key. */
  kid: string;
  wire: string;
  algorithm: string;
  public_jwk: string;
  /** Sealed; empty once the key signs no more. */
  private_key: Uint8Array;
  /** `active` signs and verifies, `retired` verifies until its last token is over, `withdrawn` does neither. */
  state: "active" | "retired" | "withdrawn";
  created_at: number;
  retired_at: number | null;
}

/** The keys that seal columns, each wrapped by the master key. */
export interface DataKeysTable {
  id: string;
  wrapped: Uint8Array;
  created_at: number;
}

/** The ledger of guesses. One row for each account, unknown name or network that somebody guessed at lately. */
export interface GuessesTable {
  subject: string;
  failures: number;
  /** Guesses whose outcome is not known yet. They count as failures until they are settled. */
  reserved: number;
  /** When the newest of them was reserved. Those of a process that died are void after a minute. */
  reserved_at: number;
  window_start: number;
  /** 0 where not locked. */
  locked_until: number;
}

/** Everything that may be used once: links, codes, challenges. Consumed by one conditional write. */
export interface OneTimeTable {
  kind: string;
  /** SHA-256 of the value, in hex: the value itself is never stored. */
  digest: string;
  account_id: string | null;
  /** JSON. Never a secret. */
  payload: string;
  created_at: number;
  expires_at: number;
  consumed_at: number | null;
}

/** Append only. */
export interface AuditEventsTable {
  id: Generated<number>;
  at: number;
  type: string;
  wire: string;
  operation: string;
  actor_id: string | null;
  target_id: string | null;
  address: string | null;
  request_id: string | null;
  /** JSON. Never a secret. */
  details: string;
}

/** Append only. Each row seals a batch of audit events, and names the seal before it. */
export interface AuditSealsTable {
  /** Counts from 1 without gaps. */
  number: number;
  first_id: number;
  last_id: number;
  count: number;
  /** The ids of the events, such as `1-40,42`. */
  ids: string;
  sealed_at: number;
  /** The digest of the seal before; empty in the first. */
  previous: string;
  /** SHA-256 in hex. */
  digest: string;
  /** The audit key that has signed. */
  kid: string;
  /** In base64url. */
  signature: string;
}

/** Small facts about this house: the digest of the house file that was applied last, and the like. */
export interface SettingsTable {
  name: string;
  value: string;
}
