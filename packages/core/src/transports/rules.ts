import { TransportError } from "../errors.js";
import type { HttpHeaders, HttpReply, HttpRequest } from "../http.js";

/** What every transport holds to, however it carries a request: redirects, headers and the length of bodies. */

/** How many bytes the names and values of a reply's headers may have together. */
export const maxHeaderBytes = 16 * 1024;

/**
 * A redirect would carry the credential to whoever the answer names.
 *
 * @throws TransportError `redirected`
 */
export function refuseRedirect(request: HttpRequest, reply: Pick<HttpReply, "status" | "headers">): void {
  if (reply.status < 300 || reply.status > 399 || reply.headers["location"] === undefined) return;
  throw redirected(request, reply.status);
}

export function redirected(request: HttpRequest, status?: number): TransportError {
  return new TransportError(`${request.route}: the server answered with a redirect`, {
    code: "redirected",
    help: "Use the address that the service really has. Redirects are never followed.",
    ...(status === undefined ? {} : { status }),
  });
}

/** @throws TransportError `connection_failed` where the headers are beyond `maxHeaderBytes` */
export function refuseLongHeaders(request: HttpRequest, headers: HttpHeaders): void {
  const length = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (length > maxHeaderBytes) throw headersTooLong(request);
}

export function headersTooLong(request: HttpRequest): TransportError {
  // The server is not ill but wrong: asking again changes nothing.
  return new TransportError(`${request.route}: the reply's headers are longer than ${maxHeaderBytes} bytes`, {
    code: "connection_failed",
    retryable: false,
  });
}

/** The body of a reply as it comes in, no longer than the request's limit for its status. */
export class ReplyBody {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #truncated = false;

  constructor(request: HttpRequest, status: number) {
    this.#limit = status >= 200 && status <= 299 ? request.limits.success : request.limits.error;
  }

  /** Takes a chunk, or what of it still fits. False: the body is cut, and reading on is of no use. */
  add(chunk: Uint8Array): boolean {
    const room = this.#limit - this.#length;
    const kept = chunk.subarray(0, room);
    this.#chunks.push(kept);
    this.#length += kept.length;
    this.#truncated = chunk.length > room;
    return !this.#truncated;
  }

  /** The reply with this body. */
  reply(status: number, headers: HttpHeaders): HttpReply {
    const body = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    return { status, headers, body, ...(this.#truncated ? { truncated: true } : {}) };
  }
}
