import { close, fdatasync, openSync } from "node:fs";
import { promisify } from "node:util";
import { StorageError } from "../errors.js";
import { Checkpointer } from "./checkpointer.js";
import type { SqliteConnection } from "./database.js";
import type { SqliteProvider } from "./provider.js";
import type { Durability } from "./units.js";

/** Units after which the log is emptied into the data file. Some kilobytes each, and read again at the next start. */
const unitsInLog = 1_000;

/**
 * The log beside the data file, which is where a commit goes. The engine writes it and does not wait for the disk; this
 * waits, in a thread of the runtime's pool, so that the event loop serves others meanwhile.
 *
 * What reads see is durable: from before a commit until its sync they stay in a transaction that began before it.
 */
export class WriteAheadLog implements Durability {
  readonly #path: string;
  readonly #reader: SqliteConnection;
  readonly #checkpointer: Checkpointer;
  readonly #log: number;
  #units = 0;
  #tidying = false;
  #failure: StorageError | undefined;

  /** @param path of the data file, whose log exists: something was written since it was opened */
  constructor(path: string, reader: SqliteConnection, provider: SqliteProvider | undefined) {
    this.#path = path;
    this.#reader = reader;
    this.#checkpointer = new Checkpointer({ path, provider });
    // The log alone: whoever opens the data file and closes it again drops the locks of the engine.
    this.#log = openSync(`${path}-wal`, "r+");
  }

  /** @throws StorageError `storage_failed` for good once a sync has failed */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Reads share one transaction until something is written: to take and give back the engine's locks costs more than to
   * read. While the log is emptied each has its own, so that none is in the way.
   */
  read<T>(work: () => T): T {
    if (!this.#tidying && !this.#reader.inTransaction) this.#reader.execute("begin");
    return work();
  }

  hold(): void {
    this.check();
    if (!this.#reader.inTransaction) this.#reader.execute("begin");
    // A transaction begins with its first read, and there may have been none.
    this.#reader.execute("select 1 from sqlite_schema limit 1");
  }

  release(): void {
    if (this.#reader.inTransaction) this.#reader.execute("commit");
  }

  /**
   * Where the disk fails nobody knows what of the log is on it, and a second sync would not tell: so no write is taken
   * any more, and reads stay where they are, until the next start reads what there is.
   */
  async reach(): Promise<void> {
    try {
      await promisify(fdatasync)(this.#log);
    } catch {
      this.#failure = new StorageError("storage_failed", `The disk did not take what ${this.#path}-wal holds.`);
      throw this.#failure;
    }
    this.release();
  }

  async tidy(units: number): Promise<void> {
    this.#units += units;
    if (this.#units < unitsInLog || this.#failure !== undefined || !this.#checkpointer.isReady()) return;
    this.#units = 0;
    this.#tidying = true;
    this.release();
    await this.#checkpointer.run();
    this.#tidying = false;
  }

  async close(): Promise<void> {
    this.release();
    await this.#checkpointer.close();
    await promisify(close)(this.#log);
  }
}
