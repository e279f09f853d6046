/**
 * The MCIAS wire, written once: what a client sends, what a server answers (wire document, sections 1 to 5).
 *
 * @packageDocumentation
 */
import { empty, hedge, json, wire, type InputOf, type OutputOf } from "@cardea/core";
import * as v from "valibot";
import {
  filled,
  newPassword,
  nothing,
  role,
  time,
  TokenResponse,
  totpCode,
  upTo1024Bytes,
  username,
  uuid,
} from "./forms.js";

/** Section 5. The first case with a status stands for that status where a foreign server names no code. */
const cases = {
  malformed: { status: 400, code: "bad_request", text: "malformed request" },
  password_missing: { status: 400, code: "bad_request", text: "password: required for a human account" },
  password_forbidden: { status: 400, code: "bad_request", text: "password: a system account has none" },
  not_a_system_account: { status: 400, code: "bad_request", text: "account_id: expected a system account" },
  unknown_role: { status: 400, code: "bad_request", text: "roles: this server does not know every one of these roles" },
  invalid_token: { status: 401, code: "unauthorized", text: "invalid or expired token" },
  authentication_required: { status: 401, code: "unauthorized", text: "authentication required" },
  invalid_credentials: { status: 401, code: "unauthorized", text: "invalid credentials" },
  totp_required: { status: 401, code: "totp_required", text: "TOTP code required" },
  insufficient_role: { status: 403, code: "forbidden", text: "insufficient role" },
  denied_by_policy: { status: 403, code: "forbidden", text: "login denied by policy" },
  not_found: { status: 404, code: "not_found", text: "not found" },
  method_not_allowed: { status: 405, code: "method_not_allowed", text: "method not allowed" },
  username_taken: { status: 409, code: "conflict", text: "username already exists" },
  last_administrator: { status: 409, code: "conflict", text: "last administrator" },
  account_inactive: { status: 409, code: "conflict", text: "account is not active" },
  too_large: { status: 413, code: "payload_too_large", text: "request body too large" },
  unsupported_type: { status: 415, code: "unsupported_media_type", text: "content type must be application/json" },
  rate_limited: { status: 429, code: "rate_limited", text: "too many requests" },
  too_many_failures: { status: 429, code: "rate_limited", text: "too many failed logins from this network" },
  internal: { status: 500, code: "internal_error", text: "internal error" },
  busy: { status: 503, code: "internal_error", text: "too busy, try again later" },
  sealed: { status: 503, code: "vault_sealed", text: "vault is sealed" },
} as const;

/** What every operation of the wire shares: its refusals, the form of an error, who may call, how much is read. */
export const mcias = {
  cases,
  envelope: {
    write: ({ code, text }: { readonly code: string; readonly text: string }) => ({ error: text, code }),
    read: (body: Readonly<Record<string, unknown>>) => ({
      ...(typeof body["error"] === "string" && { text: body["error"] }),
      ...(typeof body["code"] === "string" && { code: body["code"] }),
    }),
  },
  /**
   * `bearer_if_any` may carry a token and is answered without one; `administrator_or_self` is an administrator, or
   * the account that the path names.
   */
  callers: ["anyone", "bearer_if_any", "bearer", "administrator", "administrator_or_self"],
  limits: { success: 4 * 1024 * 1024, error: 64 * 1024 },
} as const;

const op = /* @__PURE__ */ wire(mcias);

/* 2.1 */

const Account = /* @__PURE__ */ v.object({
  id: uuid,
  username: v.string(),
  account_type: v.picklist(["human", "system"]),
  status: v.picklist(["active", "inactive", "deleted"]),
  created_at: time,
  updated_at: time,
  totp_enabled: v.boolean(),
});

const ValidToken = /* @__PURE__ */ v.object({
  valid: v.literal(true),
  sub: uuid,
  username: v.exactOptional(v.string()),
  roles: v.array(v.string()),
  expires_at: time,
});
/** A server written in Go sends an empty list as null, or leaves it out. */
const ValidTokenWithoutRoles = /* @__PURE__ */ v.object({ ...ValidToken.entries, roles: v.exactOptional(v.null()) });
const ValidateResponse = /* @__PURE__ */ v.variant("valid", [ValidToken, v.object({ valid: v.literal(false) })]);

/** Our server writes the first three. What others add may only say what these say. */
const PublicKey = /* @__PURE__ */ v.object({
  kty: v.literal("OKP"),
  crv: v.literal("Ed25519"),
  x: keyBytes(),
  use: v.exactOptional(v.literal("sig")),
  alg: v.exactOptional(v.literal("EdDSA")),
  kid: v.exactOptional(v.string()),
});

const Roles = /* @__PURE__ */ v.object({ roles: v.array(v.string()) });

const PgCreds = /* @__PURE__ */ v.object({
  host: upTo1024Bytes,
  port: v.pipe(
    v.number(),
    v.check((port) => Number.isInteger(port) && port >= 1 && port <= 65535, "a port, 1 to 65535"),
  ),
  database: upTo1024Bytes,
  username: upTo1024Bytes,
  password: upTo1024Bytes,
});

/** 43 characters of base64url are 32 bytes; the last of them has two spare bits, which are zero. */
function keyBytes() {
  return v.pipe(
    v.string(),
    v.check((text) => /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text), "32 bytes in base64url"),
  );
}

/* 2, 2.2 and 2.3 */

/** 2.3: a code that is missing where one is needed is `totp_required`, and only after a right password. */
export const login = /* @__PURE__ */ op("POST /v1/auth/login", {
  caller: "anyone",
  json: v.object({
    username: filled,
    password: filled,
    totp_code: v.exactOptional(totpCode),
    service_name: v.exactOptional(v.string()),
    tags: v.exactOptional(v.array(v.string())),
  }),
  reply: json(TokenResponse),
  fails: ["invalid_credentials", "totp_required", "denied_by_policy", "too_many_failures", "busy"],
});

/** 2.3: revokes the token that it is called with. */
export const logout = /* @__PURE__ */ op("POST /v1/auth/logout", {
  caller: "bearer",
  json: nothing,
  reply: empty(),
  fails: ["invalid_token"],
});

/** 2.3: the old token dies as the new one is made; of several renewals at once exactly one succeeds. */
export const renewToken = /* @__PURE__ */ op("POST /v1/auth/renew", {
  caller: "bearer",
  json: nothing,
  reply: json(TokenResponse),
  fails: ["invalid_token"],
});

/** 2.2, 2.3: never an error for a bad token. The body's token wins over the bearer. */
export const validateToken = /* @__PURE__ */ op("POST /v1/token/validate", {
  caller: "bearer_if_any",
  json: v.optional(v.object({ token: v.exactOptional(v.string()) })),
  reply: json(ValidateResponse, {
    hedges: [hedge(ValidTokenWithoutRoles, (reply) => ({ ...reply, roles: [] }))],
  }),
});

/** 2.1: one bare key. */
export const getPublicKey = /* @__PURE__ */ op("GET /v1/keys/public", {
  caller: "anyone",
  reply: json(PublicKey),
});

/** 2.3 */
export const health = /* @__PURE__ */ op("GET /v1/health", {
  caller: "anyone",
  reply: json(v.object({ status: v.picklist(["ok", "sealed"]) })),
});

/** 2.2 */
export const createAccount = /* @__PURE__ */ op("POST /v1/accounts", {
  caller: "administrator",
  json: v.object({
    username,
    account_type: v.picklist(["human", "system"]),
    password: v.exactOptional(newPassword),
  }),
  reply: json(Account, { status: 201, tolerates: [200] }),
  fails: ["password_missing", "password_forbidden", "username_taken", "busy"],
});

/** 2.3: whole, ordered by creation and id, without the deleted. */
export const listAccounts = /* @__PURE__ */ op("GET /v1/accounts", {
  caller: "administrator",
  reply: json(v.array(Account), {
    hedges: [hedge(v.object({ accounts: v.array(Account) }), ({ accounts }) => accounts)],
  }),
});

/** 2.3: a deleted account is still readable here, and nowhere else. */
export const getAccount = /* @__PURE__ */ op("GET /v1/accounts/{id}", {
  caller: "administrator",
  reply: json(Account),
  fails: ["not_found"],
});

/** 2.2, 2.3: `inactive` revokes every token of the account. */
export const updateAccount = /* @__PURE__ */ op("PATCH /v1/accounts/{id}", {
  caller: "administrator",
  json: v.object({ status: v.exactOptional(v.picklist(["active", "inactive"])) }),
  reply: json(Account),
  fails: ["not_found", "last_administrator"],
});

/** 2.3 */
export const deleteAccount = /* @__PURE__ */ op("DELETE /v1/accounts/{id}", {
  caller: "administrator",
  reply: empty(),
  fails: ["not_found", "last_administrator"],
});

/** 2.3 */
export const getRoles = /* @__PURE__ */ op("GET /v1/accounts/{id}/roles", {
  caller: "administrator",
  reply: json(Roles, { hedges: [hedge(v.array(v.string()), (roles) => ({ roles }))] }),
  fails: ["not_found"],
});

/** 2.2: replaces the whole set. */
export const setRoles = /* @__PURE__ */ op("PUT /v1/accounts/{id}/roles", {
  caller: "administrator",
  json: v.object({
    roles: v.pipe(
      v.array(role),
      v.check((roles) => roles.length <= 64, "at most 64 roles"),
    ),
  }),
  reply: empty(),
  fails: ["not_found", "unknown_role", "last_administrator"],
});

/** 2.2, 2.3: revokes the account's former token. */
export const issueServiceToken = /* @__PURE__ */ op("POST /v1/token/issue", {
  caller: "administrator",
  json: v.object({ account_id: uuid }),
  reply: json(TokenResponse),
  fails: ["not_found", "not_a_system_account", "account_inactive"],
});

/** 2.3: also 204 where the token is revoked or expired already. */
export const revokeToken = /* @__PURE__ */ op("DELETE /v1/token/{jti}", {
  caller: "administrator",
  reply: empty(),
  fails: ["not_found"],
});

/** 2.3 */
export const getPgCreds = /* @__PURE__ */ op("GET /v1/accounts/{id}/pgcreds", {
  caller: "administrator_or_self",
  reply: json(PgCreds),
  fails: ["not_found", "insufficient_role"],
});

/** 2.2 */
export const setPgCreds = /* @__PURE__ */ op("PUT /v1/accounts/{id}/pgcreds", {
  caller: "administrator",
  json: PgCreds,
  reply: empty(),
  fails: ["not_found", "not_a_system_account"],
});

/** An account as the wire writes it. */
export type WireAccount = OutputOf<typeof getAccount>;
/** A token and its end as the wire writes them. */
export type WireToken = OutputOf<typeof login>;
/** Database credentials as the wire writes them. */
export type WirePgCreds = OutputOf<typeof getPgCreds>;
/** What validation says as the wire writes it. */
export type WireValidation = OutputOf<typeof validateToken>;
export type WireLogin = InputOf<typeof login>["json"];
