import type { HashPool } from "./hash-pool.js";

/** The least that Argon2 can be asked for: some ten microseconds. */
const cheapest = { memoryCost: 8, timeCost: 1, parallelism: 1 } as const;

/**
 * Hashes passwords in the calling thread and at next to no cost, so that a test waits neither for a thread nor for a
 * hash. It protects nothing: no command and no house file leads here.
 */
export async function inProcessHashes(): Promise<HashPool> {
  const { hashSync, verifySync } = await import("@node-rs/argon2");
  return {
    hash: (password) => Promise.resolve(hashSync(password, cheapest)),
    verify: (phc, password) => Promise.resolve(phc !== undefined && verifySync(phc, password)),
    warm: () => Promise.resolve(),
    stats: () => ({ threads: 0, running: 0, waiting: 0, meanMs: 0, refused: 0, crashes: 0 }),
    close: () => Promise.resolve(),
  };
}
