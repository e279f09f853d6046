/**
 * The one source of time. Whatever must know what time it is, or wait, takes a clock; nothing else in Cardea reads the
 * system's.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from some fixed point, never set back: for measuring how long something took. */
  elapsed(): number;
  /** Calls `wake` once after `ms` milliseconds, unless the returned function is called first. */
  after(ms: number, wake: () => void): () => void;
}

/** The longest wait of a system timer. A longer one would end at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, wake) {
    let left = ms;
    const arm = () => {
      const step = Math.min(left, longestTimerMs);
      left -= step;
      return setTimeout(() => {
        if (left > 0) timer = arm();
        else wake();
      }, step);
    };
    let timer = arm();
    return () => clearTimeout(timer);
  },
};

/** A clock that moves when it is told to. */
export interface ManualClock extends Clock {
  /**
   * Lets `ms` milliseconds pass. Timers fire in the order of their times, each while the clock shows its own time;
   * those that are set meanwhile fire too where they fall due.
   */
  advance(ms: number): void;
  /** Sets the hands of the clock, also back. No time passes by it: no timer fires and `elapsed` stays. */
  set(ms: number): void;
}

/** @param startMs what the clock shows first, in milliseconds since the epoch */
export function manualClock(startMs: number): ManualClock {
  let passed = 0;
  let offset = startMs;
  let timers: { readonly at: number; readonly wake: () => void }[] = [];

  const dueBy = (end: number) =>
    timers.reduce<(typeof timers)[number] | undefined>(
      (first, timer) => (timer.at <= end && (first === undefined || timer.at < first.at) ? timer : first),
      undefined,
    );
  const drop = (timer: (typeof timers)[number]) => {
    timers = timers.filter((other) => other !== timer);
  };

  return {
    now: () => offset + passed,
    elapsed: () => passed,
    after(ms, wake) {
      const timer = { at: passed + Math.max(0, ms), wake };
      timers.push(timer);
      return () => drop(timer);
    },
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError("time only passes forwards: use set() to turn the clock back");
      const end = passed + ms;
      for (let timer = dueBy(end); timer !== undefined; timer = dueBy(end)) {
        drop(timer);
        passed = timer.at;
        timer.wake();
      }
      passed = end;
    },
    set(ms) {
      offset = ms - passed;
    },
  };
}
