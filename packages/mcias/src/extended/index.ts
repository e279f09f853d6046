/**
 * The operations of MCIAS beyond the seed, for servers of the `extended` profile.
 *
 * @packageDocumentation
 */
export { extendedClient, type ExtendedClient } from "./client.js";
export type { AccountCalls } from "./account-calls.js";
export type { Delegate, DelegationCalls, Permission } from "./delegation-calls.js";
export type { AuditQuery, HouseCalls, NewPolicyRule, PolicyRuleChange } from "./house-calls.js";
export type {
  AuditEvent,
  PgCredsEntry,
  PolicyCondition,
  PolicyRule,
  SsoClient,
  TotpEnrolment,
  WebauthnCredential,
} from "./results.js";
export type { NewSsoClient, SsoCalls } from "./sso-calls.js";
export type { LoginResponse, RegistrationResponse, WebauthnCalls } from "./webauthn-calls.js";
export type { WireCreationOptions, WireRequestOptions } from "./contract/index.js";
