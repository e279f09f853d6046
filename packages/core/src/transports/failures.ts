import { TransportError, type TransportCode } from "../errors.js";
import type { HttpRequest } from "../http.js";
import { headersTooLong } from "./rules.js";

/** What is known of an attempt when it fails. */
export interface Progress {
  /** The transport saw for itself that nothing was sent. */
  readonly unsent?: boolean;
  /** The status, once the head of an answer was there. */
  readonly status?: number;
}

/** A failure is known by the system's code alone: the words around it differ by runtime, and may quote the request. */
const headersOverflow = new Set(["HPE_HEADER_OVERFLOW", "UND_ERR_HEADERS_OVERFLOW"]);

/** No connection was made, so nothing went through it. */
const neverConnected = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/** System calls that come before the first byte of a request. */
const beforeSending = new Set(["connect", "getaddrinfo"]);

/** What came is not HTTP. Asking again changes nothing. */
const notHttp = /^(HPE_|UND_ERR_RES_|UND_ERR_INVALID)/;

const tls =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|EPROTO$|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$|PATH_LENGTH_EXCEEDED$)/;

/** What the person has to do, by code. */
const help: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, "Is the server running, and on this port?"],
  [/^(ENOTFOUND|EAI_AGAIN)$/, "The host name does not resolve. Is it spelt right?"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "Call the server by a name that stands in its certificate."],
  [/^(SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/, "Give the certificate of the authority that signed the server's."],
  [/^CERT_HAS_EXPIRED$/, "The server's certificate has expired, or the clock of this machine is wrong."],
  [/^(ERR_SSL_WRONG_VERSION_NUMBER|EPROTO)$/, "Does the server speak TLS on this port?"],
];

/** The error for what a runtime threw while it carried the request. Nothing of what was thrown is kept but its code. */
export function failure(request: HttpRequest, thrown: unknown, progress: Progress = {}): TransportError {
  if (thrown instanceof TransportError) return thrown;
  const { code, syscall } = systemFacts(thrown);
  if (headersOverflow.has(code)) return headersTooLong(request);
  const kind: TransportCode = tls.test(code) ? "tls_failed" : "connection_failed";
  const words = kind === "tls_failed" ? "no secure connection" : "the connection failed";
  const advice = help.find(([pattern]) => pattern.test(code))?.[1];
  return new TransportError(`${request.route}: ${words}${code === "" ? "" : ` (${code})`}`, {
    code: kind,
    unsent: progress.unsent === true || neverConnected.has(code) || beforeSending.has(syscall),
    ...(notHttp.test(code) ? { retryable: false } : {}),
    ...(progress.status === undefined ? {} : { status: progress.status }),
    ...(advice === undefined ? {} : { help: advice }),
  });
}

/** Fetch wraps what happened ("fetch failed"), a socket does not. */
function systemFacts(thrown: unknown): { readonly code: string; readonly syscall: string } {
  const outer = facts(thrown);
  const inner = facts((thrown as { readonly cause?: unknown } | undefined)?.cause);
  return inner.code === "" ? outer : inner;
}

function facts(thrown: unknown): { readonly code: string; readonly syscall: string } {
  const { code, syscall } = (thrown ?? {}) as { readonly code?: unknown; readonly syscall?: unknown };
  return {
    // A DOMException's code is a number, and a foreign error's could be anything.
    code: typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : "",
    syscall: typeof syscall === "string" ? syscall : "",
  };
}
