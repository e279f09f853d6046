import { randomInt } from "node:crypto";
import type { Storage } from "@cardea/authority";
import { systemClock } from "@cardea/core";

/** The part of the query builder that lets somebody take its time. */
interface Delayable {
  withPlugin(plugin: {
    transformQuery<Node>(args: { readonly node: Node }): Node;
    transformResult<Result>(args: { readonly result: Result }): Promise<Result>;
  }): never;
}

function slowed(db: unknown, wait: () => Promise<void>): never {
  return (db as Delayable).withPlugin({
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      await wait();
      return result;
    },
  });
}

/** Long enough for others to come between, and never the same. */
async function aWhile(): Promise<void> {
  const ms = randomInt(5);
  await new Promise<void>((wake) => systemClock.after(ms, wake));
}

/** All that work inside a unit may wait for. */
async function aFewTurns(): Promise<void> {
  for (let turns = randomInt(8); turns > 0; turns -= 1) await Promise.resolve();
}

/**
 * The same database, later: after everything that is read, before every unit and between its queries. Whoever decides
 * by what was read before, or believes that nobody comes between, loses here.
 */
export function late(storage: Storage): Storage {
  return {
    kind: storage.kind,
    read: slowed(storage.read, aWhile),
    async unit(work) {
      await aWhile();
      return storage.unit((tx) => work(slowed(tx, aFewTurns)));
    },
    ping: () => storage.ping(),
    close: () => storage.close(),
  };
}
