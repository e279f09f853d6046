import type { HttpReply } from "../http.js";
import { RefusedError } from "../errors.js";
import { parseRetryAfter } from "../retry-after.js";

/** One way in which a wire says no, under its finest name. */
export interface ErrorCase {
  readonly status: number;
  /** The wire's own code. Several cases may share one. */
  readonly code: string;
  /** What our authority says to a person. */
  readonly text: string;
}

/** The form of a wire's error bodies. */
export interface Envelope {
  write(refusal: {
    readonly code: string;
    readonly text: string;
    readonly details: Readonly<Record<string, unknown>>;
  }): unknown;
  /** Takes what it understands from a body that is a JSON object. */
  read(body: Readonly<Record<string, unknown>>): {
    readonly code?: string;
    readonly text?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

const decoder = new TextDecoder();

/**
 * The error that an unsuccessful reply stands for. Whatever the body is (not JSON, empty, cut, without a code), the
 * status is kept, and code and text fall back to the first case of the table with that status, or of its class.
 */
export function refusalFrom(
  reply: HttpReply,
  cases: Readonly<Record<string, ErrorCase>>,
  envelope: Envelope,
): RefusedError {
  const usual = usualCase(reply.status, cases);
  const told = envelope.read(objectFrom(reply) ?? {});
  const retryAfterMs = parseRetryAfter(reply.headers["retry-after"], Date.parse(reply.headers["date"] ?? ""));
  const requestId = reply.headers["x-request-id"];
  return new RefusedError(told.text ?? usual?.text ?? `status ${reply.status}`, {
    status: reply.status,
    code: told.code ?? usual?.code ?? `http_${reply.status}`,
    ...(told.details === undefined ? {} : { details: told.details }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

function usualCase(status: number, cases: Readonly<Record<string, ErrorCase>>): ErrorCase | undefined {
  const all = Object.values(cases);
  return (
    all.find((one) => one.status === status) ?? (status >= 500 ? all.find((one) => one.status === 500) : undefined)
  );
}

function objectFrom(reply: HttpReply): Record<string, unknown> | undefined {
  if (reply.truncated === true || reply.body.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(decoder.decode(reply.body));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
