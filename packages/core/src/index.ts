/**
 * The hinge of Cardea: contracts, the I/O port, secrets, errors and the clock. Runs wherever JavaScript does.
 *
 * @packageDocumentation
 */
export * from "./contract/index.js";
export {
  CardeaError,
  DecodeError,
  InputError,
  RefusedError,
  TransportError,
  type ErrorFacts,
  type TransportCode,
} from "./errors.js";
export type { HttpHeaders, HttpReply, HttpRequest, Repeat, ReplyLimits } from "./http.js";
export { manualClock, systemClock, type Clock, type ManualClock } from "./clock.js";
export { createIo, type Io, type IoOptions, type Trace, type TraceEvent, type Transport } from "./io.js";
export { defaultRetry, type RetryPolicy } from "./retry.js";
export { parseRetryAfter } from "./retry-after.js";
export { Recent } from "./recent.js";
export { equal, redact, Secret } from "./secret.js";
export { untilAborted } from "./signals.js";
