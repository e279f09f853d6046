import { TransportError } from "./errors.js";
import type { HttpReply, HttpRequest } from "./http.js";
import { parseRetryAfter } from "./retry-after.js";

/** When and how often a request is sent again. Whether it may be at all is the request's own `repeat`. */
export interface RetryPolicy {
  /** How often one request is sent at most; 1 for never again. */
  readonly attempts: number;
  /** Statuses after which a request with `repeat: "safe"` is sent again, such as 503. */
  readonly statuses: readonly number[];
  /** The wait before the second attempt is drawn between 0 and this; the bound doubles with every attempt. */
  readonly baseMs: number;
  /** No wait is longer. A reply whose `Retry-After` asks for more is handed to the caller instead. */
  readonly capMs: number;
  /** Over all calls of a port: so many retries may follow upon each other ... */
  readonly budget: number;
  /** ... and every useful answer earns this part of one. An outage is so never multiplied by its clients. */
  readonly earned: number;
}

/** One more attempt where the connection failed, none after an answer. */
export const defaultRetry: RetryPolicy = {
  attempts: 2,
  statuses: [],
  baseMs: 100,
  capMs: 5_000,
  budget: 10,
  earned: 0.1,
};

/** What came of one attempt. */
export type Outcome = { readonly reply: HttpReply } | { readonly error: unknown };

/** The retries of one port: the policy and what is left of its budget. */
export class Retries {
  readonly #policy: RetryPolicy;
  #budget: number;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
    this.#budget = policy.budget;
  }

  /**
   * How long to wait before the request is sent again, in milliseconds; undefined where it is not.
   *
   * @param attempt 1 after the first
   * @param now milliseconds since the epoch
   * @param leftMs what is left of the time for the whole call
   * @param fraction drawn from [0, 1)
   */
  next(
    request: HttpRequest,
    outcome: Outcome,
    { attempt, now, leftMs, fraction }: { attempt: number; now: number; leftMs: number; fraction: () => number },
  ): number | undefined {
    const { attempts, capMs, earned, budget } = this.#policy;
    if (!this.#repeatable(request, outcome)) {
      if ("reply" in outcome && outcome.reply.status < 500) this.#budget = Math.min(budget, this.#budget + earned);
      return undefined;
    }
    if (attempt >= attempts || this.#budget < 1) return undefined;
    const asked = "reply" in outcome ? parseRetryAfter(outcome.reply.headers["retry-after"], now) : undefined;
    const delayMs = asked ?? fraction() * Math.min(capMs, this.#policy.baseMs * 2 ** (attempt - 1));
    if (delayMs > capMs || delayMs >= leftMs) return undefined;
    this.#budget -= 1;
    return delayMs;
  }

  #repeatable({ repeat }: HttpRequest, outcome: Outcome): boolean {
    if ("reply" in outcome) return repeat === "safe" && this.#policy.statuses.includes(outcome.reply.status);
    const { error } = outcome;
    if (!(error instanceof TransportError) || error.code !== "connection_failed" || !error.retryable) return false;
    // A status says that an answer had begun: the server is there, and asking again is the caller's choice.
    if (error.status !== undefined) return false;
    return repeat === "safe" || (repeat === "unsent" && error.unsent);
  }
}
