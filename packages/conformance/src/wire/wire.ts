/** One request, byte for byte as a row states it: nothing is tidied, and a header may stand there twice. */
export interface RawRequest {
  readonly method: string;
  /** What follows the base URL. Sent as it is, with doubled slashes and dot segments. */
  readonly path: string;
  /** A list is one header line a value; an empty list is no header. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** What came back. */
export interface RawReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * Carries a request to the server under test.
 *
 * @throws WireError where no answer came
 */
export type Wire = (request: RawRequest, signal: AbortSignal) => Promise<RawReply>;

/** No answer came: what happened instead, in a few words and without an address. */
export class WireError extends Error {
  override readonly name = "WireError";
  /** Nobody listens there, so nothing else will be answered either. */
  readonly gone: boolean;

  constructor(message: string, gone: boolean) {
    super(message);
    this.gone = gone;
  }
}
