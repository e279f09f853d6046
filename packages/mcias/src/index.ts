/**
 * The MCIAS client: log in, validate tokens and administer accounts over the MCIAS REST wire.
 *
 * @packageDocumentation
 */
export { MciasClient } from "./client.js";
export {
  MciasAuthError,
  MciasConflictError,
  MciasDecodeError,
  MciasError,
  MciasForbiddenError,
  MciasInputError,
  MciasNotFoundError,
  MciasServerError,
  MciasTransportError,
  type MciasErrorFacts,
} from "./errors.js";
export type { OperationName, Paths } from "./operations.js";
export type { CallOptions, MciasClientOptions, MciasTraceEvent } from "./options.js";
export type {
  Account,
  AccountStatus,
  AccountType,
  PgCreds,
  PublicKey,
  TokenResult,
  ValidationResult,
} from "./results.js";
