/** What every error of Cardea tells, besides its message. None of it ever holds a token, a password, a header or a body. */
export interface ErrorFacts {
  /** Stable and documented: what a program branches on. */
  readonly code: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** How long the service asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** One sentence for the person who has to act. */
  readonly help?: string;
  readonly requestId?: string;
  readonly cause?: unknown;
}

/**
 * The base of every error that a Cardea package throws.
 *
 * Service packages derive the names and codes of their own service from it, so `instanceof CardeaError` finds all.
 */
export class CardeaError extends Error {
  override readonly name: string = "CardeaError";
  readonly code: string;
  readonly retryable: boolean;
  declare readonly status?: number;
  declare readonly retryAfterMs?: number;
  declare readonly help?: string;
  declare readonly requestId?: string;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.retryable = facts.retryable ?? false;
    if (facts.status !== undefined) this.status = facts.status;
    if (facts.retryAfterMs !== undefined) this.retryAfterMs = facts.retryAfterMs;
    if (facts.help !== undefined) this.help = facts.help;
    if (facts.requestId !== undefined) this.requestId = facts.requestId;
  }
}

/** Why there is no usable answer. */
export type TransportCode =
  /** No connection, or it broke. */
  | "connection_failed"
  /** The certificate or the TLS version was not acceptable. */
  | "tls_failed"
  /** The time allowed for the call is over. */
  | "timeout"
  /** The caller's signal fired. */
  | "aborted"
  /** The server answered with a redirect, which is never followed. */
  | "redirected";

/** No usable answer came. */
export class TransportError extends CardeaError {
  override readonly name: string = "TransportError";
  declare readonly code: TransportCode;
  /** True only where it is certain that no byte of the request left this machine. */
  readonly unsent: boolean;

  constructor(message: string, facts: ErrorFacts & { readonly code: TransportCode; readonly unsent?: boolean }) {
    super(message, { retryable: facts.code === "connection_failed" || facts.code === "timeout", ...facts });
    this.unsent = facts.unsent ?? false;
  }
}

/** An answer came and breaks the contract. The message names the place and what was expected, never what stood there. */
export class DecodeError extends CardeaError {
  override readonly name: string = "DecodeError";
  /** Where, such as `roles[0]`; empty for the whole body. */
  readonly path: string;
  readonly expected: string;

  constructor(route: string, path: string, expected: string, status?: number) {
    super(`${route}: ${path === "" ? "the reply" : path}: expected ${expected}`, {
      code: "unexpected_reply",
      ...(status === undefined ? {} : { status }),
    });
    this.path = path;
    this.expected = expected;
  }
}

/** The service understood the request and refused it. `code` is the wire's own. */
export class RefusedError extends CardeaError {
  override readonly name: string = "RefusedError";
  declare readonly status: number;
  /** Members of the error body besides code and text, as the wire's envelope defines them. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    text: string,
    facts: ErrorFacts & { readonly status: number; readonly details?: Readonly<Record<string, unknown>> },
  ) {
    super(text, { retryable: facts.status === 429 || facts.status >= 500, ...facts });
    this.details = facts.details ?? {};
  }
}

/** What the caller gave cannot be sent: an empty path part, a token with a line break. No request was made. */
export class InputError extends CardeaError {
  override readonly name: string = "InputError";

  constructor(message: string, help?: string) {
    super(message, { code: "invalid_input", ...(help === undefined ? {} : { help }) });
  }
}
