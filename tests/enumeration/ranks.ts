/** Rank statistics: they ask which of two samples tends to be larger, and do not mind what a busy machine does to a few. */

/**
 * The Mann-Whitney U test of two samples, as a standard score: positive where the first tends to be larger. Ties share
 * their ranks, and the variance is corrected for them.
 */
export function rankScore(first: readonly number[], second: readonly number[]): number {
  const [n, m] = [first.length, second.length];
  const all = [...first.map((value) => ({ value, own: 1 })), ...second.map((value) => ({ value, own: 0 }))];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  let ties = 0;
  for (let from = 0, to = 0; from < all.length; from = to) {
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1;
    const count = to - from;
    ties += count ** 3 - count;
    for (const { own } of all.slice(from, to)) rankSum += own * ((from + 1 + to) / 2);
  }
  const u = rankSum - (n * (n + 1)) / 2;
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  return variance === 0 ? 0 : (u - (n * m) / 2) / Math.sqrt(variance);
}

/** How far from zero the score must be for a two-sided test at this level. */
export function criticalScore(level: number): number {
  let [low, high] = [0, 40];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (2 * (1 - normal(middle)) > level) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The chance that the test finds a shift, by Noether's formula: it needs no more of the distribution than how often a
 * shifted value exceeds one that is not, and that is counted in a sample.
 */
export function powerOf(
  sample: readonly number[],
  { shift, perClass, level }: { readonly shift: number; readonly perClass: number; readonly level: number },
): number {
  const sorted = [...sample].sort((a, b) => a - b);
  let exceeding = 0;
  // How many values lie below one that is shifted; itself among them, which does not count as a pair.
  let below = 0;
  for (const value of sorted) {
    while (below < sorted.length && (sorted[below] as number) < value + shift) below += 1;
    exceeding += below - 1;
  }
  const chance = exceeding / (sorted.length * (sorted.length - 1));
  return normal(Math.abs(chance - 0.5) * Math.sqrt(6 * perClass) - criticalScore(level));
}

/** The least shift that is found with the wanted chance, to a hundredth of the median. */
export function leastShift(
  sample: readonly number[],
  { wanted, perClass, level }: { readonly wanted: number; readonly perClass: number; readonly level: number },
): number {
  const step = medianOf(sample) / 100;
  let shift = step;
  while (powerOf(sample, { shift, perClass, level }) < wanted) shift += step;
  return shift;
}

export function medianOf(sample: readonly number[]): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}

/** How far the median of a sample is off, as a standard error: read off its own values around the middle. */
export function medianErrorOf(sample: readonly number[]): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const [middle, reach] = [(sorted.length - 1) / 2, Math.sqrt(sorted.length) / 2];
  const above = sorted[Math.min(Math.ceil(middle + reach), sorted.length - 1)] as number;
  return (above - (sorted[Math.max(Math.floor(middle - reach), 0)] as number)) / 2;
}

/** The share of a standard normal distribution below a score (Abramowitz and Stegun, 26.2.17). */
function normal(score: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(score));
  const polynomial = ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.31938153) * t;
  const tail = (polynomial * Math.exp((-score * score) / 2)) / Math.sqrt(2 * Math.PI);
  return score < 0 ? tail : 1 - tail;
}
