import type { SeededRandom } from "./random.js";
import type { Owner, Scheduler } from "./scheduler.js";

/** Text under keys, shared by all processes, that outlives each of them. Every operation takes its time. */
export interface VirtualStore {
  get(key: string): Promise<string | undefined>;
  /** @param value undefined to delete */
  set(key: string, value: string | undefined): Promise<void>;
  /** Writes `next` where `expected` stands. Resolves to whether it did. */
  swap(key: string, expected: string | undefined, next: string | undefined): Promise<boolean>;
}

/** The store as one process sees it. */
export function storeOf(
  owner: Owner,
  values: Map<string, string>,
  scheduler: Scheduler,
  random: SeededRandom,
): VirtualStore {
  // Each operation is done at one moment and known at a later one, so that a process can die between.
  const at = async <T>(label: string, act: () => T): Promise<T> => {
    await scheduler.pass(owner, random.between(0, 2), label);
    const result = act();
    await scheduler.pass(owner, random.between(0, 2), `${label} is done`);
    return result;
  };
  const write = (key: string, value: string | undefined) => {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  };
  return {
    get: (key) => at(`get ${key}`, () => values.get(key)),
    set: (key, value) => at(`set ${key}`, () => write(key, value)),
    swap: (key, expected, next) =>
      at(`swap ${key}`, () => {
        const found = values.get(key) === expected;
        if (found) write(key, next);
        return found;
      }),
  };
}
