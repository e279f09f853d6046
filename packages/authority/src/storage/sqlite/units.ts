import { StorageError } from "../errors.js";
import type { Schema } from "../schema.js";
import type { Tx } from "../storage.js";
import type { SqliteConnection } from "./database.js";
import { kyselyOver, type Executes } from "./dialect.js";

/** Taken when this module loads, so that a test with timers of its own cannot stop the database. */
const immediate = setImmediate;

export interface UnitLimits {
  /** Units that may wait. Beyond them `storage_busy`. */
  readonly queued: number;
  /** Units that share one commit at most: they keep the event loop to themselves until it is done. */
  readonly grouped: number;
}

/** What stands between a commit and those who wait for it. */
export interface Durability {
  /** @throws StorageError where nothing can be made durable any more */
  check(): void;
  /** Called just before a commit: until `reach` has resolved, or `release` is called, reads do not see it. @throws */
  hold(): void;
  /** Nothing was committed. */
  release(): void;
  /** Resolves when what was committed is durable and seen by reads. Rejects where that cannot be told. */
  reach(): Promise<void>;
  /** Called when the callers of so many units were told; no unit runs until it resolves. Never rejects. */
  tidy(units: number): Promise<void>;
}

/** What became of a unit's work before the commit. */
type Outcome =
  | { readonly ended: "returned"; readonly value: unknown }
  | { readonly ended: "threw" | "waited"; readonly error: unknown };

interface Waiting {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** It was in a group whose transaction was lost: now it runs by itself, so that only the culprit fails. */
  readonly alone: boolean;
}

interface Run {
  readonly unit: Waiting;
  readonly outcome: Outcome;
}

/**
 * Writes to one connection. The units of one turn of the event loop share one transaction, each in a savepoint of its
 * own, so that one wait for the disk makes all of them durable. Those that come during it share the next one.
 */
export class Units {
  readonly #connection: SqliteConnection;
  readonly #durability: Durability;
  readonly #limits: UnitLimits;
  #queue: Waiting[] = [];
  #scheduled = false;
  /** True exactly while the code of some unit's work may be running. */
  #working = false;
  /** Ends the attempt that is under way as one that waited. */
  #trip: (() => void) | undefined;
  #closed = false;
  #version = 0;
  #drained: (() => void) | undefined;

  constructor(connection: SqliteConnection, durability: Durability, limits: UnitLimits) {
    this.#connection = connection;
    this.#durability = durability;
    this.#limits = limits;
  }

  /** See `Storage.version`. */
  get version(): number {
    return this.#version;
  }

  /** See `Storage.unit`. */
  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StorageError("storage_closed", "The database is closed.");
    if (this.#working) throw new StorageError("unit_nested", "A unit was started inside the work of another unit.");
    if (this.#queue.length >= this.#limits.queued) {
      throw new StorageError("storage_busy", `${this.#queue.length} units wait for the database already.`);
    }
    return await new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject, alone: false });
      this.#schedule();
    });
  }

  /** Takes no more units, and resolves when the last one is settled. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#scheduled) await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  /**
   * Between two immediates that were set together nothing runs but microtasks, and all of them. So when the second one
   * comes and a unit's work has not settled, it waits for something that is not a query.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    immediate(() => void this.#serve());
    immediate(() => this.#trip?.());
  }

  async #serve(): Promise<void> {
    const group = this.#take();
    const settle = await this.#transact(group);
    settle();
    await this.#durability.tidy(group.length);
    this.#scheduled = false;
    if (this.#queue.length > 0) this.#schedule();
    else this.#drained?.();
  }

  #take(): Waiting[] {
    const other = this.#queue.findIndex((unit) => unit.alone);
    const count = other === -1 ? this.#limits.grouped : Math.max(1, other);
    return this.#queue.splice(0, count);
  }

  /** Runs a group and commits it. What it returns tells the callers, once the queue is in order again. */
  async #transact(group: readonly Waiting[]): Promise<() => void> {
    try {
      this.#connection.execute("begin immediate");
    } catch (error) {
      return () => group.forEach((unit) => unit.reject(error));
    }
    const runs: Run[] = [];
    try {
      for (const unit of group) {
        const run = await this.#attempt(unit);
        runs.push(run);
        // The second immediate has come: nothing watches over the rest of this group any more.
        if (run.outcome.ended === "waited") break;
      }
      this.#durability.hold();
      this.#connection.execute("commit");
    } catch (error) {
      return this.#lost(group, error);
    }
    this.#queue.unshift(...group.slice(runs.length));
    try {
      await this.#durability.reach();
    } catch (error) {
      return () => runs.forEach(({ unit }) => unit.reject(error));
    }
    // Before anybody is told: what was remembered of earlier reads is over when the writer hears that it has written.
    this.#version += 1;
    return () => runs.forEach(tell);
  }

  /** @throws what took the whole transaction away with it */
  async #attempt(unit: Waiting): Promise<Run> {
    const connection = new UnitConnection(this.#connection);
    this.#connection.execute("savepoint unit");
    this.#working = true;
    const settled = await new Promise<Outcome>((resolve) => {
      this.#trip = () => resolve({ ended: "waited", error: new StorageError("unit_waited", waitedMessage) });
      call(unit.work, kyselyOver<Schema>(connection)).then(
        (value) => resolve({ ended: "returned", value }),
        (error: unknown) => resolve({ ended: "threw", error }),
      );
    });
    this.#trip = undefined;
    this.#working = false;
    connection.end();
    const { failure } = connection;
    if (!this.#connection.inTransaction) throw failure ?? new StorageError("storage_failed", lostMessage);
    const swallowed = settled.ended === "returned" && failure !== undefined;
    const outcome: Outcome = swallowed ? { ended: "threw", error: failure } : settled;
    if (outcome.ended !== "returned") this.#connection.execute("rollback to unit");
    this.#connection.execute("release unit");
    return { unit, outcome };
  }

  /** Nothing of the group is written. A unit that was by itself has failed; several run again one by one. */
  #lost(group: readonly Waiting[], error: unknown): () => void {
    try {
      if (this.#connection.inTransaction) this.#connection.execute("rollback");
      this.#durability.release();
    } catch {
      // Nothing more can be done here: the next transaction cannot begin, and its callers are told why.
    }
    if (group.length === 1) return () => group[0]?.reject(error);
    this.#queue.unshift(...group.map((unit) => ({ ...unit, alone: true })));
    return () => {};
  }
}

const waitedMessage = "A unit waited for something that is not one of its queries, and was undone.";
const lostMessage = "The transaction that a unit shared with others is gone.";

/** A throw before the first await is a rejection like any other. */
async function call<T>(work: (tx: Tx) => Promise<T>, tx: Tx): Promise<T> {
  return await work(tx);
}

function tell({ unit, outcome }: Run): void {
  if (outcome.ended === "returned") unit.resolve(outcome.value);
  else unit.reject(outcome.error);
}

/** The connection as one unit sees it: good until the unit ends or one of its statements fails, as on PostgreSQL. */
class UnitConnection implements Executes {
  readonly #connection: SqliteConnection;
  #ended = false;
  /** What the first statement that failed has thrown. */
  failure: unknown;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  execute: Executes["execute"] = (sql, parameters) => {
    if (this.#ended) throw new StorageError("unit_ended", "A query came after its unit had ended.");
    // Where the failure has ended the transaction too, the next statement would be committed by itself.
    if (this.failure !== undefined) throw this.failure;
    try {
      return this.#connection.execute(sql, parameters);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  };

  end(): void {
    this.#ended = true;
  }
}
