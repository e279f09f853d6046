/**
 * How one request and one reply look to everything above a transport: plain data, so that a contract can write and
 * read them without a socket, and a simulation can carry them between virtual processes.
 */

/** Header names are lower case; a name appears once. */
export type HttpHeaders = Readonly<Record<string, string>>;

/**
 * When a request may be sent again after a transport failure.
 *
 * `never`: not at all. `unsent`: only where the transport can prove that no byte of it left (a refused connection, a
 * name that does not resolve). `safe`: the operation has no effect, so any failure before an answer will do.
 */
export type Repeat = "never" | "unsent" | "safe";

export interface HttpRequest {
  readonly method: string;
  /** Absolute URL. */
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly body?: string | Uint8Array;
  /** What traces and errors show in place of the URL, such as `DELETE /v1/token/{jti}`: no ids, no secrets. */
  readonly route: string;
  readonly repeat: Repeat;
  /** How many bytes of a reply's body are read. What goes beyond is cut and `truncated` says so. */
  readonly limits: ReplyLimits;
}

/** Bytes of body that are read, by kind of reply. */
export interface ReplyLimits {
  /** For a reply with a 2xx status. */
  readonly success: number;
  /** For every other status. */
  readonly error: number;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
  /** True where the body was longer than the request's limit and is cut. */
  readonly truncated?: boolean;
}
