import { simulate, type World, type WorldOptions } from "./world.js";

/** A scenario failed under one seed. `simulate` with that seed shows the same again. */
export class SeedFailure extends Error {
  override readonly name: string = "SeedFailure";
  readonly seed: number;
  readonly trace: readonly string[];

  constructor(world: World, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super([`seed ${world.seed}: ${why}`, ...world.trace].join("\n  "), { cause });
    this.seed = world.seed;
    this.trace = [...world.trace];
  }
}

/**
 * Plays a scenario under each seed.
 *
 * @param seeds how many, counted from 1, or which: those of a failure to replay it
 * @throws SeedFailure for the first seed under which the scenario rejects; its message holds the seed and what happened
 */
export async function explore(
  seeds: number | Iterable<number>,
  scenario: (world: World) => Promise<void>,
  options: WorldOptions = {},
): Promise<void> {
  const chosen = typeof seeds === "number" ? Array.from({ length: seeds }, (_, index) => index + 1) : seeds;
  for (const seed of chosen) {
    const world = simulate(seed, options);
    try {
      await scenario(world);
    } catch (cause) {
      throw new SeedFailure(world, cause);
    }
  }
}
