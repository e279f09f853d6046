/** What the front door takes from a connection. Times in milliseconds. */
export interface FrontLimits {
  /** Bytes of request line and headers together. */
  readonly headerBytes: number;
  readonly headerCount: number;
  /** For the TLS handshake. */
  readonly handshakeMs: number;
  /** For the request line and the headers. */
  readonly headersMs: number;
  /** For the body, from the moment that somebody wants it. */
  readonly bodyMs: number;
  /** For the whole request, from its first byte to its last. */
  readonly requestMs: number;
  /** How long a connection may wait for its next request. */
  readonly keepAliveMs: number;
  /** How long a connection may stand still in the middle of an exchange. */
  readonly silenceMs: number;
  /** Connections of one listener at the same time. Further ones are closed at once. */
  readonly connections: number;
  /** Bytes of a body nobody wanted that are read so that the connection can be kept. */
  readonly spareBytes: number;
  /** Bytes that are still read before a connection is closed, and how long, so that the client gets to see the reply. */
  readonly lingerBytes: number;
  readonly lingerMs: number;
}

export const defaultLimits: FrontLimits = {
  headerBytes: 16 * 1024,
  headerCount: 100,
  handshakeMs: 10_000,
  headersMs: 10_000,
  bodyMs: 20_000,
  requestMs: 30_000,
  keepAliveMs: 60_000,
  silenceMs: 120_000,
  connections: 10_000,
  spareBytes: 64 * 1024,
  lingerBytes: 2 * 1024 * 1024,
  lingerMs: 2_000,
};
