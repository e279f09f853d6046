import { TransportError } from "../errors.js";
import type { HttpReply, HttpRequest } from "../http.js";
import type { Transport } from "../io.js";
import { memoryTransport } from "../transports/memory.js";
import { drawFaults, type Faults } from "./faults.js";
import type { SeededRandom } from "./random.js";
import type { Owner, Scheduler } from "./scheduler.js";

/** A server of the virtual world. */
export interface Host extends Owner {
  readonly handle: (request: HttpRequest) => Promise<HttpReply>;
  readonly faults: Faults;
  /** Requests that it has not answered yet. */
  open: number;
}

/** Least and most, in milliseconds. */
export type Span = readonly [number, number];

/** Carries requests to hosts, with the faults that the seed draws. */
export class Network {
  readonly hosts = new Map<string, Host>();
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #latencyMs: Span;
  readonly #delayMs: Span;
  readonly #wires: Owner = { name: "network", alive: true };

  constructor(scheduler: Scheduler, random: SeededRandom, latencyMs: Span, delayMs: Span) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#latencyMs = latencyMs;
    this.#delayMs = delayMs;
  }

  /** The transport of one process. Its replies are the process's events, what happens on the way is not. */
  transport(sender: Owner): Transport {
    return memoryTransport((request) => this.#carry(sender, request));
  }

  async #carry(sender: Owner, request: HttpRequest): Promise<HttpReply> {
    const host = this.hosts.get(new URL(request.url).origin);
    const faults = drawFaults(host?.faults ?? {}, this.#random);
    const trip = (owner: Owner, what: string, extraMs = 0) =>
      this.#scheduler.pass(owner, this.#random.between(...this.#latencyMs) + extraMs, `${request.route} ${what}`);

    if (host === undefined || faults.has("refused")) {
      await trip(sender, "is refused");
      throw broken(request, true);
    }
    const again = faults.has("duplicate") ? trip(this.#wires, "arrives again") : undefined;
    await trip(this.#wires, "arrives");
    if (faults.has("reset_before")) {
      await trip(sender, "is reset before the server acts");
      throw broken(request, false);
    }
    if (faults.has("unavailable")) {
      await trip(sender, "is answered 503 before the server acts");
      return { status: 503, headers: {}, body: new Uint8Array() };
    }
    // A handler that throws fails the run by itself; here is nobody who waits for the second answer.
    again?.then(() => host.handle(request)).catch(() => undefined);
    const reply = await host.handle(request);
    if (faults.has("lost_reply")) {
      await trip(this.#wires, "loses its reply");
      return new Promise(() => undefined);
    }
    if (faults.has("reset_after")) {
      await trip(sender, "is reset after the server acted");
      throw broken(request, false);
    }
    const extraMs = faults.has("delay") ? this.#random.between(...this.#delayMs) : 0;
    await trip(sender, `is answered ${reply.status}`, extraMs);
    return reply;
  }
}

function broken(request: HttpRequest, unsent: boolean): TransportError {
  return new TransportError(`${request.route}: the connection failed`, { code: "connection_failed", unsent });
}
