import type { Clock } from "@cardea/core";
import { pruneOneTime } from "../storage/single-use.js";
import type { Storage } from "../storage/storage.js";
import { pruneGuesses, type GuessLimits } from "./guesses.js";
import { pruneTokens } from "./issued-tokens.js";

/** How long a token's row outlives the token: a late revocation still finds it. */
const tokenGraceMs = 24 * 3_600_000;

/** What is done again and again while the house is open. */
export interface Chore {
  readonly everyMs: number;
  run(): Promise<unknown>;
}

/**
 * Runs each chore in its own rhythm, never twice at a time: the wait begins when it is done. One that fails is tried
 * again at its next time.
 *
 * @returns ends it, and resolves when what was under way is done
 */
export function keepHouse(
  clock: Pick<Clock, "after">,
  chores: readonly Chore[],
  failed: (error: unknown) => void,
): () => Promise<void> {
  let ended = false;
  const rounds = chores.map(({ everyMs, run }) => {
    const round = { cancel: () => {}, done: Promise.resolve() };
    const arm = () => {
      round.cancel = clock.after(everyMs, () => {
        round.done = run()
          .then(() => undefined, failed)
          .then(() => {
            if (!ended) arm();
          });
      });
    };
    arm();
    return round;
  });
  return async () => {
    ended = true;
    for (const { cancel } of rounds) cancel();
    await Promise.all(rounds.map(({ done }) => done));
  };
}

/** Removes rows that say nothing any more. It changes no answer: every query checks time by itself. */
export function sweep(deps: {
  readonly storage: Storage;
  readonly clock: Pick<Clock, "now">;
  readonly guesses: readonly GuessLimits[];
}): Chore {
  const { storage, clock } = deps;
  const longest = deps.guesses.reduce((a, b) => (a.windowMs >= b.windowMs ? a : b));
  return {
    everyMs: 10 * 60_000,
    async run() {
      const now = clock.now();
      await storage.unit(async (tx) => {
        await pruneTokens(tx, now - tokenGraceMs);
        await pruneGuesses(tx, longest, now);
        await pruneOneTime(tx, now);
      });
    },
  };
}
