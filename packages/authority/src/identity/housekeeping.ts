import type { Clock } from "@cardea/core";
import { pruneOneTime } from "../storage/single-use.js";
import type { Storage } from "../storage/storage.js";
import { pruneGuesses, type GuessLimits } from "./guesses.js";
import { pruneTokens } from "./issued-tokens.js";

const everyMs = 10 * 60_000;

/** How long a token's row outlives the token: a late revocation still finds it. */
const tokenGraceMs = 24 * 3_600_000;

/**
 * Removes, every ten minutes, rows that say nothing any more. Whether it runs changes no answer: every query checks
 * time by itself.
 *
 * @returns ends it
 */
export function keepHouse(
  deps: { readonly storage: Storage; readonly clock: Clock; readonly guesses: readonly GuessLimits[] },
  failed: (error: unknown) => void,
): () => void {
  const { storage, clock } = deps;
  const longest = deps.guesses.reduce((a, b) => (a.windowMs >= b.windowMs ? a : b));

  async function sweep(): Promise<void> {
    const now = clock.now();
    await storage.unit(async (tx) => {
      await pruneTokens(tx, now - tokenGraceMs);
      await pruneGuesses(tx, longest, now);
      await pruneOneTime(tx, now);
    });
  }

  let cancel = () => {};
  const arm = () => {
    cancel = clock.after(everyMs, () => {
      sweep().catch(failed);
      arm();
    });
  };
  arm();
  return () => cancel();
}
