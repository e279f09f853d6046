/**
 * The MCIAS wire beyond the seed (wire document, 8), written once for both ends. Only servers of the `extended` profile
 * answer it.
 *
 * @packageDocumentation
 */
export * from "./accounts.js";
export * from "./audit.js";
export * from "./auth.js";
export * from "./delegation.js";
export * from "./pgcreds.js";
export * from "./policy.js";
export * from "./sso.js";
export * from "./vault.js";
export * from "./webauthn.js";
export { mciasExtended } from "./wire.js";
