import type { Clock } from "../clock.js";
import { CardeaError } from "../errors.js";
import type { HttpReply, HttpRequest } from "../http.js";
import { createIo, type Io } from "../io.js";
import type { RetryPolicy } from "../retry.js";
import type { Faults } from "./faults.js";
import { Network, type Span } from "./network.js";
import { SeededRandom } from "./random.js";
import { Scheduler, type Owner } from "./scheduler.js";
import { storeOf, type VirtualStore } from "./store.js";

export interface WorldOptions {
  /** The first time of its clock, in milliseconds since the epoch. */
  readonly startMs?: number;
  /** How long one way through the network takes; 1 to 20 ms where it is not given. */
  readonly latencyMs?: Span;
  /** How much longer a reply with the fault `delay` takes; 1 to 60 s where it is not given. */
  readonly delayMs?: Span;
  /** The faults of every host that has none of its own. */
  readonly faults?: Faults;
  /** After so many events a run counts as endless; 100,000 where it is not given. */
  readonly maxEvents?: number;
}

/** How the port of one process is made. */
export interface ProcessOptions {
  readonly timeoutMs?: number;
  readonly retry?: Partial<RetryPolicy>;
}

/** Where a process stands. */
export type Outcome<T> =
  | { readonly state: "running" }
  | { readonly state: "done"; readonly value: T }
  | { readonly state: "failed"; readonly error: unknown }
  | { readonly state: "crashed" };

export interface Process<T> {
  readonly name: string;
  readonly outcome: Outcome<T>;
}

/** Answers requests in virtual time. What it waits for goes through its port. */
export type HostHandler = (request: HttpRequest, io: Io) => Promise<HttpReply>;

/** Somebody waits for what is not part of the virtual world, or the run does not come to an end. */
export class StuckError extends CardeaError {
  override readonly name: string = "StuckError";
  declare readonly code: "stuck";
  /** The names of those who wait. */
  readonly waiting: readonly string[];

  constructor(why: string, waiting: readonly { readonly name: string }[]) {
    const names = waiting.map(({ name }) => name);
    super(`${why}: ${names.join(", ")}`, {
      code: "stuck",
      help: "Await what settles outside JavaScript (WebCrypto, files, threads) through io.outside().",
    });
    this.waiting = names;
  }
}

interface Running extends Owner, Process<unknown> {
  outcome: Outcome<unknown>;
}

/** A world of processes and hosts whose every turn follows from one number. Made by `simulate`. */
export class World {
  readonly seed: number;
  /** The time of this world, for code that takes a clock and belongs to no process. */
  readonly clock: Clock;
  /** For choices of the scenario itself. */
  readonly random: SeededRandom;
  readonly #options: WorldOptions;
  readonly #startMs: number;
  readonly #scheduler: Scheduler;
  readonly #network: Network;
  readonly #self: Owner = { name: "world", alive: true };
  readonly #processes: Running[] = [];
  readonly #stored = new Map<string, string>();
  #broken: { readonly error: unknown } | undefined;

  constructor(seed: number, options: WorldOptions) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.#options = options;
    this.#startMs = options.startMs ?? Date.UTC(2030, 0, 1);
    this.#scheduler = new Scheduler(this.random.fork());
    this.#network = new Network(
      this.#scheduler,
      this.random.fork(),
      options.latencyMs ?? [1, 20],
      options.delayMs ?? [1_000, 60_000],
    );
    this.clock = this.#scheduler.clock(this.#self, this.#startMs);
  }

  /** What happened: one line an event, with its time in milliseconds. The same seed gives the same lines. */
  get trace(): readonly string[] {
    return this.#scheduler.trace;
  }

  /** Puts a server at an origin such as `https://mcias.test`. What its handler throws fails the run. */
  host(origin: string, handler: HostHandler, faults: Faults = this.#options.faults ?? {}): void {
    const owner: Owner = { name: origin, alive: true };
    const io = this.#port(owner, {});
    const host = Object.assign(owner, {
      faults,
      open: 0,
      handle: async (request: HttpRequest) => {
        host.open += 1;
        try {
          return await handler(request, io);
        } catch (error) {
          this.#broken ??= { error };
          throw error;
        } finally {
          host.open -= 1;
        }
      },
    });
    this.#network.hosts.set(origin, host);
  }

  /**
   * Starts a program. Like a process of the system it sees the others through its port and the shared store alone: it
   * cannot wait for a promise of theirs. What it throws fails the run.
   */
  process<T>(
    name: string,
    program: (io: Io, store: VirtualStore) => Promise<T>,
    options: ProcessOptions = {},
  ): Process<T> {
    const running: Running = { name, alive: true, outcome: { state: "running" } };
    const store = storeOf(running, this.#stored, this.#scheduler, this.random.fork());
    const io = this.#port(running, options);
    this.#processes.push(running);
    this.#scheduler.plan(running, 0, "starts", () => {
      program(io, store).then(
        (value) => (running.outcome = { state: "done", value }),
        (error: unknown) => {
          running.outcome = { state: "failed", error };
          this.#broken ??= { error };
        },
      );
    });
    return running as Process<T>;
  }

  /** Ends a process on the spot: nothing that it waits for will ever settle. What it has sent still arrives. */
  crash(name: string): void {
    for (const process of this.#processes) {
      if (process.name !== name || process.outcome.state !== "running") continue;
      process.alive = false;
      process.outcome = { state: "crashed" };
    }
  }

  /** Does something after so many milliseconds, such as crashing a process or starting it again. */
  at(ms: number, label: string, act: () => void): void {
    this.#scheduler.plan(this.#self, ms, label, act);
  }

  /**
   * Lets time pass until every process has ended or crashed.
   *
   * @throws StuckError
   * @throws what a process or a handler threw first
   */
  async run(): Promise<void> {
    for (let left = this.#options.maxEvents ?? 100_000; ; left -= 1) {
      await this.#scheduler.drained();
      if (this.#broken !== undefined) throw this.#broken.error;
      const running = this.#processes.filter(({ outcome }) => outcome.state === "running");
      if (running.length === 0) return;
      this.#refuseForeignWaits(running);
      if (left === 0) throw new StuckError("the run has no end", running);
      this.#scheduler.step();
    }
  }

  /**
   * Whoever has work to do waits for an event of his own, if only the end of a call's time. Who does not would be
   * woken by the real world, at another time in every run; a handler of that kind would look like a lost reply.
   */
  #refuseForeignWaits(running: readonly Owner[]): void {
    const busy = [...this.#network.hosts.values()].filter(({ open }) => open > 0);
    const foreign = [...running, ...busy].filter((owner) => !this.#scheduler.awaits(owner, this.#self));
    if (foreign.length > 0) throw new StuckError("nothing in the world will ever wake", foreign);
  }

  #port(owner: Owner, options: ProcessOptions): Io {
    const random = this.random.fork();
    return createIo({
      ...options,
      transport: this.#network.transport(owner),
      clock: this.#scheduler.clock(owner, this.#startMs),
      random: (bytes) => random.bytes(bytes),
      outside: (work) => this.#scheduler.outside(owner, work),
    });
  }
}

/**
 * A virtual world: processes, hosts, a network with faults, a store and a clock. Time moves only when nothing else can
 * run, so ten minutes of waiting take no longer than their events; and whatever happens, who goes first and what goes
 * wrong, follows from the seed.
 */
export function simulate(seed: number, options: WorldOptions = {}): World {
  return new World(seed, options);
}
