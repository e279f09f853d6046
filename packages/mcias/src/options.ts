import { createIo, InputError, systemClock, type Clock, type Io, type Secret, type Transport } from "@cardea/core";
import { fetchTransport } from "@cardea/core/fetch";
import { platformTransport } from "#transport";
import type { Paths } from "./operations.js";
import type { ClientTransport } from "./transport.js";

/** What a client is made of (wire document, 6.1). */
export interface MciasClientOptions {
  /** The server, such as `https://auth.example.com:8443`. It may have a path. */
  readonly serverUrl: string;
  /**
   * The path of a PEM file with one or more certificates: from then on they alone are trusted. Read once, when the client
   * is made. Not in browsers.
   */
  readonly caCertPath?: string;
  /** The same as text. */
  readonly caCert?: string;
  /** A token from before. */
  readonly token?: string | Secret;
  /** Sent with every login, for policies of the server. */
  readonly serviceName?: string;
  /** Sent with every login, for policies of the server. */
  readonly tags?: readonly string[];
  /** For one call with its retry, in milliseconds; 30,000 where it is not given. */
  readonly timeoutMs?: number;
  /** `strict` (the default) refuses answers with members that the contract does not know, `lenient` leaves them out. */
  readonly decoding?: "strict" | "lenient";
  /** How `validateToken` hands over the token: in the body (the default) or as the bearer of the request. */
  readonly validateVia?: "body" | "bearer";
  /** Routes that this server has elsewhere. */
  readonly paths?: Paths;
  /** Lets `http:` pass to `localhost`, `127.0.0.1` and `[::1]`, for tests. */
  readonly allowInsecureLoopback?: boolean;
  /** The system's where it is not given. */
  readonly clock?: Clock;
  /** Takes the place of the runtime's own transport, TLS included. The platform's `fetch` has this shape. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Hears of every request. What it throws is dropped. */
  readonly trace?: (event: MciasTraceEvent) => void;
}

/** One request and what came of it. Holds no header, no body, no id. */
export interface MciasTraceEvent {
  readonly method: string;
  /** The template, such as `/v1/token/{jti}`. */
  readonly path: string;
  /** 0 where no answer came. */
  readonly status: number;
  readonly durationMs: number;
}

/** What one call may have of its own. */
export interface CallOptions {
  /** Ends the call. What is under way at the server goes on there. */
  readonly signal?: AbortSignal;
}

/**
 * The transport that the options ask for.
 *
 * @throws InputError where a CA is given that cannot be used
 */
export function transportFor(options: MciasClientOptions): ClientTransport {
  const { fetch, caCert, caCertPath } = options;
  if (fetch !== undefined) {
    if (caCert !== undefined || caCertPath !== undefined) {
      throw new InputError("caCert and caCertPath: with fetch given, TLS is the matter of that fetch");
    }
    return fetchTransport({ fetch: (url, init) => fetch(new Request(url, init)) });
  }
  return platformTransport({
    ...(caCert !== undefined && { caCert }),
    ...(caCertPath !== undefined && { caCertPath }),
    allowInsecureLoopback: options.allowInsecureLoopback === true,
  });
}

/**
 * The port that the options ask for. Core's usual policy is the wire's (6.2): one more try, for what has no effect, where
 * the connection failed before any byte of an answer.
 */
export function portFor({ clock, timeoutMs, trace }: MciasClientOptions, transport: Transport): Io {
  return createIo({
    transport,
    clock: clock ?? systemClock,
    ...(timeoutMs !== undefined && { timeoutMs }),
    trace: (event) => {
      if (event.type !== "call") return;
      const [method = "", path = ""] = event.route.split(" ");
      trace?.({ method, path, status: event.status ?? 0, durationMs: event.durationMs });
    },
  });
}

/** @throws TypeError for a value that is not one of `allowed`, as a program without types may pass it */
export function oneOf<Value extends string>(name: string, value: Value, allowed: readonly Value[]): Value {
  if (!allowed.includes(value)) throw new TypeError(`${name}: expected ${allowed.join(" or ")}`);
  return value;
}
