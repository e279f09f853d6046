import { Worker } from "node:worker_threads";
import type { SqliteProvider } from "./provider.js";

/** Threads run built files, also where the rest runs from source: Node 20 loads no TypeScript in them. */
const file = new URL("../../../dist/storage/sqlite/checkpoint.worker.js", import.meta.url);

/** What the thread is started with. */
export interface CheckpointerData {
  readonly path: string;
  readonly provider: SqliteProvider | undefined;
}

/** `ready` once, when it has started; `done` after each checkpoint. A close it answers by its end. */
export type CheckpointerSays = "ready" | "done";

/** What it can be told to do. */
export type CheckpointerOrders = Readonly<Record<"checkpoint" | "close", () => void>>;

/** Empties the log into the data file, in a thread with a connection of its own. */
export class Checkpointer {
  readonly #data: CheckpointerData;
  #worker: Worker | undefined;
  #ready = false;
  #done: () => void = () => {};

  constructor(data: CheckpointerData) {
    this.#data = data;
  }

  /** Whether it could begin at once. Where there is no thread yet one is started, and nobody has to wait for that. */
  isReady(): boolean {
    this.#worker ??= this.#start();
    return this.#ready;
  }

  /** Resolves when it is done, or was not possible: then the log is as long as before, and nothing is lost. */
  async run(): Promise<void> {
    await this.#order("checkpoint");
  }

  /** Resolves when the thread is gone, and its connection with it. */
  async close(): Promise<void> {
    if (this.#worker !== undefined) await this.#order("close");
  }

  async #order(order: keyof CheckpointerOrders): Promise<void> {
    const worker = (this.#worker ??= this.#start());
    // The process lives on while units wait for this, and no longer.
    worker.ref();
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      worker.postMessage(order);
    });
    worker.unref();
  }

  #start(): Worker {
    const worker = new Worker(file, {
      workerData: this.#data,
      // Flags of the main process, such as those of a debugger or a loader, are none of its business.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    });
    worker.unref();
    worker.on("message", (said: CheckpointerSays) => {
      if (said === "ready") this.#ready = true;
      else this.#done();
    });
    // An uncaught error ends the thread: `exit` follows, and the next order starts another.
    worker.on("error", () => {});
    worker.on("exit", () => {
      this.#worker = undefined;
      this.#ready = false;
      this.#done();
    });
    return worker;
  }
}
