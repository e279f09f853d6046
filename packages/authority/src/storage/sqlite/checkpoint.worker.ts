/** A thread that empties the write-ahead log into the data file: two waits for the disk that nobody else has to wait. */
import { parentPort, workerData } from "node:worker_threads";
import type { CheckpointerData, CheckpointerOrders, CheckpointerSays } from "./checkpointer.js";
import { SqliteConnection } from "./database.js";
import { loadEngine } from "./provider.js";

const { path, provider } = workerData as CheckpointerData;
const connection = new SqliteConnection(await loadEngine(provider), path, 0);

const orders: CheckpointerOrders = {
  checkpoint() {
    try {
      connection.execute("pragma wal_checkpoint(passive)");
    } catch {
      // The disk may be full. The log is whole: the next order tries again.
    }
    say("done");
  },
  close() {
    connection.close();
    parentPort?.close();
  },
};

parentPort?.on("message", (order: keyof CheckpointerOrders) => orders[order]());
say("ready");

function say(said: CheckpointerSays): void {
  parentPort?.postMessage(said);
}
