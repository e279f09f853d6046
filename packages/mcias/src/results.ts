import type { WireAccount, WireToken, WireValidation } from "./contract.js";

/** What the operations give back, as a program reads it. Plain objects: they are the caller's own. */

/** A token. */
export interface TokenResult {
  readonly token: string;
  readonly expiresAt: Date;
  /** `expiresAt` as the server wrote it. */
  readonly expiresAtRaw: string;
}

/** What a token says, where it is valid now. */
export type ValidationResult =
  | {
      readonly valid: true;
      /** The id of the account. */
      readonly sub: string;
      /** Those that the token carries. */
      readonly roles: readonly string[];
      readonly expiresAt: Date;
      /** `expiresAt` as the server wrote it. */
      readonly expiresAtRaw: string;
      /** Only from servers that tell it. */
      readonly username?: string;
    }
  | { readonly valid: false };

export type AccountType = WireAccount["account_type"];
export type AccountStatus = WireAccount["status"];

export interface Account {
  readonly id: string;
  readonly username: string;
  readonly accountType: AccountType;
  readonly status: AccountStatus;
  readonly createdAt: Date;
  /** Moves with `status` and `totpEnabled`, and with nothing else. */
  readonly updatedAt: Date;
  /** A second factor is enrolled, and asked for at login. */
  readonly totpEnabled: boolean;
}

/** The server's Ed25519 key as a JWK (RFC 8037). */
export interface PublicKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  /** 32 bytes in base64url. */
  readonly x: string;
}

/** How a system account reaches its PostgreSQL database. */
export interface PgCreds {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
}

export function tokenResult({ token, expires_at }: WireToken): TokenResult {
  return { token, expiresAt: new Date(expires_at), expiresAtRaw: expires_at };
}

export function validationResult(reply: WireValidation): ValidationResult {
  if (!reply.valid) return { valid: false };
  const { expires_at, ...told } = reply;
  return { ...told, expiresAt: new Date(expires_at), expiresAtRaw: expires_at };
}

export function account(wire: WireAccount): Account {
  return {
    id: wire.id,
    username: wire.username,
    accountType: wire.account_type,
    status: wire.status,
    createdAt: new Date(wire.created_at),
    updatedAt: new Date(wire.updated_at),
    totpEnabled: wire.totp_enabled,
  };
}
