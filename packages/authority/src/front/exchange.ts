/** A request and a reply as everything behind the front door sees them: checked, canonical, without a socket. */

export interface Inbound {
  /** Made here for every request, or taken from a trusted proxy. Goes into logs, audit and the reply. */
  readonly id: string;
  /** Upper case. HEAD has become GET. */
  readonly method: string;
  /** Canonical and percent-encoded as sent. Behind the mount: the prefix is gone. */
  readonly path: string;
  /** Decoded. A repeated parameter never comes this far. */
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. One that came more than once is in `repeated` and not here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly repeated: ReadonlySet<string>;
  /** The client's address: the socket's, or what a trusted proxy says. */
  readonly address: string;
  /** What guesses and rates are counted by: the address, an IPv6 one cut to its /64. */
  readonly network: string;
  /** Scheme, host and port that this authority is reached by here, without a slash at the end. Never from the Host header. */
  readonly origin: string;
  /** The prefix that was taken off the path: `/mcias`. Empty for a mount at the root. */
  readonly mount: string;
  /** Whether the request came by TLS, or from a trusted proxy that says so. */
  readonly secure: boolean;
  /**
   * The whole body, once.
   *
   * @throws BodyTooLarge where it is longer than `limit` bytes, at once where `Content-Length` already tells
   * @throws BodyLost where it does not come whole; whoever is behind the door lets that pass
   */
  body(limit: number): Promise<Uint8Array>;
}

export interface Outbound {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A body goes beyond its limit. */
export class BodyTooLarge extends Error {
  override readonly name: string = "BodyTooLarge";
}

/** A body does not come whole: it comes too slowly, or the client has gone. The front door answers, where it still can. */
export class BodyLost extends Error {
  override readonly name: string = "BodyLost";
}

/** Whoever is behind the door wants the connection to end without a reply. Planted by tests. */
export class ReplyDropped extends Error {
  override readonly name: string = "ReplyDropped";
}

/** One wire, or a set of pages, behind the door. */
export interface Mount {
  /** As in the ready file: `mcias`. */
  readonly name: string;
  /** `/mcias`; empty for the root. */
  readonly prefix: string;
  /** True where it is never served over plain HTTP. */
  readonly secureOnly: boolean;
  handle(request: Inbound): Promise<Outbound>;
}
