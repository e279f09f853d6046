import {
  CardeaError,
  DecodeError,
  InputError,
  redact,
  RefusedError,
  TransportError,
  type ErrorFacts,
  type Secret,
  type TransportCode,
} from "@cardea/core";
import { mcias } from "./contract.js";

/** What every error of this client tells besides its message. */
export interface MciasErrorFacts extends ErrorFacts {
  readonly status: number;
}

/**
 * The base of every error that this client throws for an answer, or for none (wire document, 5).
 *
 * `code` is the server's own where it names one, else the usual one of the status. A status without a class of its own
 * (405, 413, 415, 429) is thrown as this base.
 */
export class MciasError extends CardeaError {
  override readonly name: string = "MciasError";
  /** The HTTP status; 0 where there was no usable answer. */
  declare readonly status: number;

  constructor(message: string, facts: MciasErrorFacts) {
    super(message, { retryable: facts.status === 429 || facts.status >= 500, ...facts });
  }

  /** How long the server asks to wait, in whole seconds. With 429, and sometimes with 503. */
  get retryAfterSeconds(): number | undefined {
    return this.retryAfterMs === undefined ? undefined : Math.ceil(this.retryAfterMs / 1000);
  }
}

/** 400: a malformed request. `code` is `invalid_input` where this client refused it and nothing was sent. */
export class MciasInputError extends MciasError {
  override readonly name: string = "MciasInputError";
}

/**
 * 401: the token is missing, invalid or expired, or a login failed. `code` is `totp_required` where the password was
 * right and a code is needed too.
 */
export class MciasAuthError extends MciasError {
  override readonly name: string = "MciasAuthError";
}

/** 403: the role is not enough, or a policy denies the login. */
export class MciasForbiddenError extends MciasError {
  override readonly name: string = "MciasForbiddenError";
}

/** 404: there is no such thing. */
export class MciasNotFoundError extends MciasError {
  override readonly name: string = "MciasNotFoundError";
}

/** 409: a conflict, such as a username that is taken. */
export class MciasConflictError extends MciasError {
  override readonly name: string = "MciasConflictError";
}

/** 5xx: the server could not. */
export class MciasServerError extends MciasError {
  override readonly name: string = "MciasServerError";
}

/** No usable answer: name look-up, connection, TLS, time, abort, or a redirect. `status` is 0. */
export class MciasTransportError extends MciasError {
  override readonly name: string = "MciasTransportError";
  declare readonly code: TransportCode;

  constructor(message: string, facts: ErrorFacts & { readonly code: TransportCode }) {
    super(message, { ...facts, status: 0 });
  }
}

/** A successful answer that breaks the contract. `code` is `unexpected_reply`; `status` is the real one. */
export class MciasDecodeError extends MciasError {
  override readonly name: string = "MciasDecodeError";
  /** Where, such as `roles[0]`; empty for the whole body. */
  readonly path: string;
  /** What the contract has there. */
  readonly expected: string;

  constructor(message: string, facts: MciasErrorFacts & { readonly path: string; readonly expected: string }) {
    super(message, facts);
    this.path = facts.path;
    this.expected = facts.expected;
  }
}

const byStatus: Readonly<Record<number, typeof MciasError>> = {
  400: MciasInputError,
  401: MciasAuthError,
  403: MciasForbiddenError,
  404: MciasNotFoundError,
  409: MciasConflictError,
};

const knownCodes: ReadonlySet<string> = new Set(Object.values(mcias.cases).map(({ code }) => code));

/** Longer texts of a server are cut. */
const maxLength = 500;

/**
 * The error of this client for one of core's; anything else is handed back as it is.
 *
 * What a server wrote into it shows none of `secrets`, should it have echoed one. Core's error is not kept as the cause:
 * it still holds that text.
 */
export function mciasErrorFrom(error: unknown, secrets: readonly (string | Secret)[] = []): unknown {
  const clean = (text: string) => redact(text, secrets, { maxLength });
  if (error instanceof TransportError) return new MciasTransportError(error.message, factsOf(error));
  if (error instanceof InputError) return new MciasInputError(error.message, { ...factsOf(error), status: 400 });
  if (error instanceof DecodeError) {
    const { status = 0, path, expected } = error;
    return new MciasDecodeError(clean(error.message), { ...factsOf(error), status, path: clean(path), expected });
  }
  if (!(error instanceof RefusedError)) return error;
  const { status, code, requestId } = error;
  const message = clean(error.message);
  const facts = {
    ...factsOf(error),
    status,
    code: knownCodes.has(code) ? code : clean(code),
    ...(requestId !== undefined && { requestId: clean(requestId) }),
  };
  // Not every redirect names where it leads to. None is an answer to a call.
  if (status < 400) return new MciasTransportError(message, { ...facts, code: "redirected" });
  const kind = byStatus[status] ?? (status >= 500 ? MciasServerError : MciasError);
  return new kind(message, facts);
}

function factsOf<Code extends string>(error: CardeaError & { readonly code: Code }) {
  const { code, retryable, retryAfterMs, help } = error;
  return {
    code,
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(help !== undefined && { help }),
  };
}
