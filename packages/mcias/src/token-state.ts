import type { Secret } from "@cardea/core";

/** What a client holds at one moment. Never edited, only replaced as a whole. */
export interface TokenSnapshot {
  readonly token?: Secret;
  readonly expiresAt?: Date;
  /** Goes up with every replacement. */
  readonly generation: number;
}

/** A token and its end, where it is known. */
export type HeldToken = Pick<TokenSnapshot, "token" | "expiresAt">;

/**
 * The token of a client, and the queue of those who may change it (wire document, 6.2).
 *
 * What changes the token runs one after another in `inTurn`. `replace` is a compare-and-swap besides: whatever a slow
 * piece of work brings, it never takes the place of something newer than what it began with.
 */
export class TokenState {
  #current: TokenSnapshot;
  #last: Promise<unknown> = Promise.resolve();
  #shared: Promise<unknown> | undefined;

  constructor(held: HeldToken = {}) {
    this.#current = { ...held, generation: 0 };
  }

  get current(): TokenSnapshot {
    return this.#current;
  }

  /** Puts `next` in the place of `seen`. False, and nothing done, where something newer is there already. */
  replace(seen: TokenSnapshot, next: HeldToken): boolean {
    if (seen.generation !== this.#current.generation) return false;
    this.#current = { ...next, generation: seen.generation + 1 };
    return true;
  }

  /** Runs one piece of work after another, in the order of asking. Each is given what is current when its turn comes. */
  inTurn<T>(work: (seen: TokenSnapshot) => Promise<T>): Promise<T> {
    const run = this.#last.then(() => work(this.#current));
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** As `inTurn`, but who asks while such a piece of work waits or runs gets the outcome of that one. */
  inSharedTurn<T>(work: (seen: TokenSnapshot) => Promise<T>): Promise<T> {
    const running = (this.#shared ??= this.inTurn(work).finally(() => (this.#shared = undefined)));
    return running as Promise<T>;
  }
}
