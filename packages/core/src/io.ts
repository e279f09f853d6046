import type { Clock } from "./clock.js";
import { TransportError } from "./errors.js";
import type { HttpReply, HttpRequest } from "./http.js";
import { Retries, defaultRetry, type Outcome, type RetryPolicy } from "./retry.js";
import { firstOf, onAbort, untilAborted } from "./signals.js";
import { refuseRedirect } from "./transports/rules.js";

/**
 * The port: everything that a procedure may ask of the world outside. Code that touches the world only through it runs
 * unchanged over a real socket, in memory and in a simulation.
 */
export interface Io {
  /** Sends one request. @throws TransportError where no answer came */
  call(request: HttpRequest): Promise<HttpReply>;
  /** Resolves after `ms` milliseconds. @throws TransportError `aborted` where the signal fires first */
  sleep(ms: number): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** So many bytes that nobody can guess. */
  random(bytes: number): Uint8Array;
  /** Fires when whoever holds this port gives up. */
  readonly signal: AbortSignal;
  /** The same port, ended by this signal as well. */
  until(signal: AbortSignal): Io;
  /** Awaits something that settles outside JavaScript (WebCrypto, a file, a thread), so that virtual time can wait for it. */
  outside<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Carries one request to a server and its reply back. Follows no redirect, reads no more than the limits allow. Rejects
 * with the signal's reason where it fires, else with a TransportError.
 */
export type Transport = (request: HttpRequest, signal: AbortSignal) => Promise<HttpReply>;

/** What happened, for logs and metrics. Never holds a header, a body, an id or a secret. */
export type TraceEvent =
  | {
      readonly type: "call";
      readonly route: string;
      /** 1 for the first try. */
      readonly attempt: number;
      readonly durationMs: number;
      /** Absent where no answer came. */
      readonly status?: number;
      /** The transport error's code, where no answer came. */
      readonly code?: string;
    }
  | { readonly type: "retry"; readonly route: string; readonly attempt: number; readonly delayMs: number }
  /** A member of a reply that the contract does not know and lenient decoding left out. */
  | { readonly type: "ignored"; readonly route: string; readonly path: string };

export type Trace = (event: TraceEvent) => void;

/** What a port is made of. */
export interface IoOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** So many bytes that nobody can guess; the runtime's own where it is not given. */
  readonly random?: (bytes: number) => Uint8Array;
  /** Hears what happened. What it throws is dropped: a broken log never fails a call. */
  readonly trace?: Trace;
  /** For one call with all its attempts, in milliseconds; 30,000 where it is not given. */
  readonly timeoutMs?: number;
  /** Where it differs from `defaultRetry`. */
  readonly retry?: Partial<RetryPolicy>;
  /** Ends the port. */
  readonly signal?: AbortSignal;
  /** How work outside JavaScript is awaited; a simulation counts it. */
  readonly outside?: Io["outside"];
}

/**
 * The real port. Over any transport it holds a call to its time, ends it by signal, refuses redirects, sends again what
 * may be sent again, and traces.
 */
export function createIo(options: IoOptions): Io {
  const parts: Parts = {
    transport: options.transport,
    clock: options.clock,
    random: options.random ?? ((bytes) => crypto.getRandomValues(new Uint8Array(bytes))),
    trace: quiet(options.trace),
    timeoutMs: options.timeoutMs ?? 30_000,
    retries: new Retries({ ...defaultRetry, ...options.retry }),
    outside: options.outside ?? ((work) => work()),
  };
  return new Port(parts, [options.signal ?? new AbortController().signal]);
}

/** What a port shares with all that stem from it. */
interface Parts extends Required<Omit<IoOptions, "retry" | "signal">> {
  readonly retries: Retries;
}

class Port implements Io {
  readonly #parts: Parts;
  /** Each of them ends this port. */
  readonly #ends: readonly AbortSignal[];
  #signal: AbortSignal | undefined;

  constructor(parts: Parts, ends: readonly AbortSignal[]) {
    this.#parts = parts;
    this.#ends = ends;
    if (ends.length === 1) this.#signal = ends[0];
  }

  /** Combined when it is first asked for: most ports never are. */
  get signal(): AbortSignal {
    return (this.#signal ??= firstOf(this.#ends));
  }

  now(): number {
    return this.#parts.clock.now();
  }

  random(bytes: number): Uint8Array {
    return this.#parts.random(bytes);
  }

  outside<T>(work: () => Promise<T>): Promise<T> {
    return this.#parts.outside(work);
  }

  until(signal: AbortSignal): Io {
    return new Port(this.#parts, [...this.#ends, signal]);
  }

  async sleep(ms: number): Promise<void> {
    const scope = this.#open("wait");
    try {
      await this.#pause(ms, scope.signal);
    } finally {
      scope.close();
    }
  }

  async call(request: HttpRequest): Promise<HttpReply> {
    const scope = this.#open(request.route, this.#parts.timeoutMs);
    try {
      return await this.#attempts(request, scope.signal);
    } finally {
      scope.close();
    }
  }

  /** A signal for one piece of work. It fires with the error that the work ends with. */
  #open(subject: string, timeoutMs?: number): { readonly signal: AbortSignal; close(): void } {
    const controller = new AbortController();
    // The reason of the caller's signal may hold anything, so it does not become part of the error.
    const aborted = () =>
      controller.abort(new TransportError(`${subject}: aborted by the caller`, { code: "aborted" }));
    const late = () =>
      controller.abort(new TransportError(`${subject}: no answer within ${timeoutMs} ms`, { code: "timeout" }));
    const stops = this.#ends.map((signal) => onAbort(signal, aborted));
    if (timeoutMs !== undefined) stops.push(this.#parts.clock.after(timeoutMs, late));
    return {
      signal: controller.signal,
      close: () => {
        for (const stop of stops) stop();
      },
    };
  }

  async #attempts(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    const { clock, retries, trace, timeoutMs } = this.#parts;
    const started = clock.elapsed();
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      const outcome = await this.#attempt(request, attempt, signal);
      const delayMs = retries.next(request, outcome, {
        attempt,
        now: clock.now(),
        leftMs: timeoutMs - (clock.elapsed() - started),
        fraction: () => fraction(this.random(4)),
      });
      if (delayMs === undefined) {
        if ("reply" in outcome) return outcome.reply;
        throw outcome.error;
      }
      trace({ type: "retry", route: request.route, attempt: attempt + 1, delayMs });
      await this.#pause(delayMs, signal);
    }
  }

  async #attempt(request: HttpRequest, attempt: number, signal: AbortSignal): Promise<Outcome> {
    const { clock, transport, trace } = this.#parts;
    const started = clock.elapsed();
    const told = (result: { readonly status?: number; readonly code?: string }) =>
      trace({ type: "call", route: request.route, attempt, durationMs: clock.elapsed() - started, ...result });
    try {
      const reply = await untilAborted(transport(request, signal), signal);
      refuseRedirect(request, reply);
      told({ status: reply.status });
      return { reply };
    } catch (error) {
      // Anything but a TransportError is a fault of the transport's own code, and passes as it is.
      told({ code: error instanceof TransportError ? error.code : "transport_fault" });
      return { error };
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    let cancel: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(ms, resolve);
    });
    try {
      await untilAborted(over, signal);
    } finally {
      cancel?.();
    }
  }
}

function quiet(trace: Trace | undefined): Trace {
  if (trace === undefined) return () => undefined;
  return (event) => {
    try {
      trace(event);
    } catch {
      // See IoOptions.trace.
    }
  };
}

/** The bytes as a number in [0, 1). */
function fraction(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => (sum + byte) / 256, 0);
}
