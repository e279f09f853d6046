import { Recent, type Clock } from "@cardea/core";
import type { Rate } from "../dialects/dialect.js";

/** How many networks one rate remembers: two generations of so many. One that is forgotten has a full bucket again. */
const generation = 50_000;

/** Token buckets, one for each rate and network, refilled continuously. */
export interface Rates {
  /** Takes one from a bucket. Returns how many whole seconds to wait, at least 1, where it is empty. */
  take(name: string, network: string): number | undefined;
}

interface Bucket {
  left: number;
  /** When `left` was right, on the clock that is never set back. */
  at: number;
}

/**
 * Each rate has a memory of its own, so that a flood against one of them never empties or forgets another's buckets.
 *
 * @throws RangeError where a rate lets nobody through
 */
export function createRates(rates: Readonly<Record<string, Rate | "off">>, clock: Clock): Rates {
  const limited = new Map<string, { readonly rate: Rate; readonly buckets: Recent<Bucket> }>();
  for (const [name, rate] of Object.entries(rates)) {
    if (rate === "off") continue;
    if (!(rate.perSecond > 0) || !(rate.burst >= 1)) throw new RangeError(`the rate ${name} lets nobody through`);
    limited.set(name, { rate, buckets: new Recent(generation) });
  }
  return {
    take(name, network) {
      const limit = limited.get(name);
      if (limit === undefined) return undefined;
      const { rate, buckets } = limit;
      const now = clock.elapsed();
      let bucket = buckets.get(network);
      if (bucket === undefined) buckets.set(network, (bucket = { left: rate.burst, at: now }));
      bucket.left = Math.min(rate.burst, bucket.left + ((now - bucket.at) / 1000) * rate.perSecond);
      bucket.at = now;
      if (bucket.left >= 1) {
        bucket.left -= 1;
        return undefined;
      }
      return Math.max(1, Math.ceil((1 - bucket.left) / rate.perSecond));
    },
  };
}
