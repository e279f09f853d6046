import { empty, json, wire, type OutputOf } from "@cardea/core";
import * as v from "valibot";
import { filled, time, TokenResponse } from "../../forms.js";
import { base64url, label } from "./forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

/* The members of WebAuthn, level 3, in its JSON forms: a browser takes and gives them as they are. */

const descriptor = /* @__PURE__ */ v.object({
  type: v.literal("public-key"),
  id: base64url,
  transports: v.exactOptional(v.array(v.string())),
});

const creationOptions = /* @__PURE__ */ v.object({
  challenge: base64url,
  rp: v.object({ id: filled, name: filled }),
  user: v.object({ id: base64url, name: filled, displayName: filled }),
  pubKeyCredParams: v.array(v.object({ type: v.literal("public-key"), alg: v.number() })),
  timeout: v.number(),
  excludeCredentials: v.array(descriptor),
  authenticatorSelection: v.object({ residentKey: filled, userVerification: filled }),
  attestation: filled,
});

const requestOptions = /* @__PURE__ */ v.object({
  challenge: base64url,
  rpId: filled,
  timeout: v.number(),
  allowCredentials: v.array(descriptor),
  userVerification: filled,
});

const envelope = {
  id: base64url,
  rawId: base64url,
  type: v.literal("public-key"),
  authenticatorAttachment: v.exactOptional(v.string()),
  clientExtensionResults: v.exactOptional(v.record(v.string(), v.unknown())),
} as const;

const attestation = /* @__PURE__ */ v.object({
  ...envelope,
  response: v.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: v.exactOptional(v.array(v.string())),
    authenticatorData: v.exactOptional(base64url),
    publicKey: v.exactOptional(base64url),
    publicKeyAlgorithm: v.exactOptional(v.number()),
  }),
});

const assertion = /* @__PURE__ */ v.object({
  ...envelope,
  response: v.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: v.exactOptional(base64url),
  }),
});

/** What is told of a registered credential: nothing of its key. */
const Credential = /* @__PURE__ */ v.object({
  id: filled,
  name: v.string(),
  created_at: time,
  last_used_at: v.nullable(time),
});

/** Begins to register a credential for the caller, who shows their password again. */
export const beginWebauthnRegistration = /* @__PURE__ */ op("POST /v1/auth/webauthn/register/begin", {
  caller: "bearer",
  json: v.object({ password: filled }),
  reply: json(v.object({ public_key: creationOptions })),
  fails: ["invalid_credentials", "too_many_failures", "busy"],
});

/** Within 120 seconds of the beginning, once, and by the same account. */
export const finishWebauthnRegistration = /* @__PURE__ */ op("POST /v1/auth/webauthn/register/finish", {
  caller: "bearer",
  json: v.object({ name: v.exactOptional(label), credential: attestation }),
  reply: json(Credential, { status: 201, tolerates: [200] }),
  fails: ["registration_refused", "credential_known"],
});

/**
 * Begins a login. With nothing: without a password, by a credential that the authenticator knows and a user that it has
 * verified. With name and password: by one of that account's credentials, in the place of a code.
 */
export const beginWebauthnLogin = /* @__PURE__ */ op("POST /v1/auth/webauthn/login/begin", {
  caller: "anyone",
  json: v.object({ username: v.exactOptional(filled), password: v.exactOptional(filled) }),
  reply: json(v.object({ public_key: requestOptions })),
  fails: ["malformed", "invalid_credentials", "too_many_failures", "busy"],
});

/** Within 120 seconds of the beginning, once. */
export const finishWebauthnLogin = /* @__PURE__ */ op("POST /v1/auth/webauthn/login/finish", {
  caller: "anyone",
  json: v.object({
    credential: assertion,
    service_name: v.exactOptional(v.string()),
    tags: v.exactOptional(v.array(v.string())),
  }),
  reply: json(TokenResponse),
  fails: ["invalid_credentials", "denied_by_policy"],
});

/** The oldest first. */
export const listWebauthnCredentials = /* @__PURE__ */ op("GET /v1/accounts/{id}/webauthn", {
  caller: "administrator_or_self",
  reply: json(v.object({ credentials: v.array(Credential) })),
  fails: ["not_found"],
});

export const deleteWebauthnCredential = /* @__PURE__ */ op("DELETE /v1/accounts/{id}/webauthn/{credential_id}", {
  caller: "administrator_or_self",
  reply: empty(),
  fails: ["not_found"],
});

/** What an authenticator is asked to make, as the wire writes it. */
export type WireCreationOptions = OutputOf<typeof beginWebauthnRegistration>["public_key"];
/** What an authenticator is asked to sign, as the wire writes it. */
export type WireRequestOptions = OutputOf<typeof beginWebauthnLogin>["public_key"];
/** A registered credential as the wire writes it. */
export type WireWebauthnCredential = OutputOf<typeof finishWebauthnRegistration>;
