import { AsyncLocalStorage } from "node:async_hooks";
import { randomInt } from "node:crypto";
import type { Clock } from "@cardea/core";
import type { Pool, PoolClient } from "pg";
import { StorageError } from "../errors.js";
import type { Schema } from "../schema.js";
import type { Tx } from "../storage.js";
import { take } from "./connect.js";
import { kyselyOver, runOn, type Executes } from "./connection.js";
import { isLostRace, storageFailure } from "./failures.js";

/** Taken when this module loads, so that a test with timers of its own cannot stop the database. */
const immediate = setImmediate;

/** How often a unit that lost against others is run again. */
const attempts = 12;
/** The first pause at most, in milliseconds; each further one may be twice as long, up to the longest. */
const firstPauseMs = 4;
const longestPauseMs = 200;

/** Writes: one serializable transaction a unit, run again where it lost against others. */
export class Units {
  readonly #pool: Pool;
  readonly #clock: Pick<Clock, "after">;
  readonly #queued: number;
  readonly #inside = new AsyncLocalStorage<true>();
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(pool: Pool, clock: Pick<Clock, "after">, queued: number) {
    this.#pool = pool;
    this.#clock = clock;
    this.#queued = queued;
  }

  /** See `Storage.unit`. */
  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StorageError("storage_closed", "The database is closed.");
    if (this.#inside.getStore())
      throw new StorageError("unit_nested", "A unit was started inside the work of another unit.");
    if (this.#running.size >= this.#queued) {
      throw new StorageError("storage_busy", `${this.#running.size} units wait for the database already.`);
    }
    const running = this.#untilOrdered(work);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Takes no more units, and resolves when the last one is settled. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
  }

  async #untilOrdered<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#transact(work);
      } catch (error) {
        if (!isLostRace(error)) throw error;
        if (attempt === attempts) throw storageFailure(error);
      }
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
      await new Promise<void>((resolve) => this.#clock.after(randomInt(longest), resolve));
    }
  }

  async #transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await take(this.#pool);
    let broken = true;
    try {
      // Units read and then write what follows from it: nothing less makes them as good as one after another.
      await client.query("begin isolation level serializable").catch(rethrow);
      const outcome = await this.#attempt(client, work);
      await client.query(outcome.ok ? "commit" : "rollback").catch(rethrow);
      broken = false;
      if (!outcome.ok) throw outcome.error;
      return outcome.value;
    } finally {
      client.release(broken);
    }
  }

  async #attempt<T>(client: PoolClient, work: (tx: Tx) => Promise<T>): Promise<Attempt<T>> {
    return await new Promise<Attempt<T>>((resolve) => {
      const end = (attempt: Attempt<T>) => {
        connection.end();
        const { failure } = connection;
        resolve(failure === undefined ? attempt : { ok: false, error: ours(failure) });
      };
      const connection = new UnitConnection(client, () =>
        end({ ok: false, error: new StorageError("unit_waited", waitedMessage) }),
      );
      // Before the work begins, so that whatever it waits for comes later.
      connection.watch();
      this.#inside
        .run(true, async () => await work(kyselyOver<Schema>(connection)))
        .then(
          (value) => end({ ok: true, value }),
          (error: unknown) => end({ ok: false, error }),
        );
    });
  }
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

const waitedMessage = "A unit waited for something that is not one of its queries, and was undone.";

/** A lost race stays as it is until it is known whether the unit runs again, and so does a mistake of the caller. */
function ours(error: unknown): unknown {
  return isLostRace(error) || error instanceof TypeError ? error : storageFailure(error);
}

function rethrow(error: unknown): never {
  throw ours(error);
}

/**
 * The connection as one unit sees it: good until the unit ends or one of its statements fails. It notices a unit that
 * neither ends nor asks anything.
 */
class UnitConnection implements Executes {
  readonly #client: PoolClient;
  readonly #waited: () => void;
  #asking = 0;
  #ended = false;
  /** What the first statement that failed has thrown. */
  failure: unknown;

  constructor(client: PoolClient, waited: () => void) {
    this.#client = client;
    this.#waited = waited;
  }

  async execute(sql: string, parameters: readonly unknown[]) {
    if (this.#ended) throw new StorageError("unit_ended", "A query came after its unit had ended.");
    if (this.failure !== undefined) throw ours(this.failure);
    this.#asking += 1;
    try {
      return await runOn(this.#client, sql, parameters);
    } catch (error) {
      this.failure ??= error;
      throw ours(error);
    } finally {
      this.#asking -= 1;
      this.watch();
    }
  }

  /** Whatever follows from an answer without waiting has happened by the next immediate. */
  watch(): void {
    immediate(() => {
      if (this.#asking === 0 && !this.#ended) this.#waited();
    });
  }

  end(): void {
    this.#ended = true;
  }
}
