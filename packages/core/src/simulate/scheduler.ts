import type { Clock } from "../clock.js";
import type { SeededRandom } from "./random.js";

/** Whose events they are: a process, a host, or the world itself. What belongs to the dead never happens. */
export interface Owner {
  readonly name: string;
  alive: boolean;
}

interface Event {
  readonly at: number;
  /** Among events of the same time the seed chooses. */
  readonly order: number;
  readonly owner: Owner;
  readonly label: string;
  readonly act: () => void;
}

/** The real macrotask, taken before any test can put a false one in its place. */
const macrotask: (wake: () => void) => void =
  typeof setImmediate === "function" ? setImmediate : (wake) => setTimeout(wake, 0);

/** Virtual time: a list of what is to happen, one event after the other, and a record of what did. */
export class Scheduler {
  readonly trace: string[] = [];
  readonly #random: SeededRandom;
  readonly #events = new Set<Event>();
  #passedMs = 0;
  #outside = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get passedMs(): number {
    return this.#passedMs;
  }

  /** Plans an event. The returned function takes it back. */
  plan(owner: Owner, afterMs: number, label: string, act: () => void): () => void {
    const at = this.#passedMs + Math.max(0, afterMs);
    const event: Event = { at, order: this.#random.next(), owner, label, act };
    this.#events.add(event);
    return () => this.#events.delete(event);
  }

  /** Resolves when the event happens; never, where its owner is dead by then. */
  pass(owner: Owner, afterMs: number, label: string): Promise<void> {
    return new Promise((resolve) => this.plan(owner, afterMs, label, resolve));
  }

  /**
   * Work that settles outside. Time stands until all such work is done; then each result is handed over as an event of
   * its own, so that the seed and not the machine decides who goes first.
   */
  async outside<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
    const handedOver = this.pass(owner, 0, "outside");
    this.#outside += 1;
    const done = (async () => work())().finally(() => (this.#outside -= 1));
    done.catch(() => undefined);
    await handedOver;
    return done;
  }

  /** A clock on this time, whose timers are the owner's. */
  clock(owner: Owner, startMs: number): Clock {
    return {
      now: () => startMs + this.#passedMs,
      elapsed: () => this.#passedMs,
      after: (ms, wake) => {
        const cancel = this.plan(owner, ms, "wakes", wake);
        return () => void cancel();
      },
    };
  }

  /** Whether anything of these owners is to happen. */
  awaits(...owners: readonly Owner[]): boolean {
    for (const event of this.#events) if (owners.includes(event.owner)) return true;
    return false;
  }

  /** Resolves when all that can run without time passing has run. */
  async drained(): Promise<void> {
    do await new Promise<void>(macrotask);
    while (this.#outside > 0);
  }

  /** Lets the next event happen, if there is one. */
  step(): void {
    let next: Event | undefined;
    for (const event of this.#events) {
      if (!event.owner.alive) this.#events.delete(event);
      else if (next === undefined || event.at < next.at || (event.at === next.at && event.order < next.order))
        next = event;
    }
    if (next === undefined) return;
    this.#events.delete(next);
    this.#passedMs = next.at;
    this.trace.push(`${next.at} ${next.owner.name} ${next.label}`);
    next.act();
  }
}
