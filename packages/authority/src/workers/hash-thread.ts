import { Worker } from "node:worker_threads";
import type { Clock } from "@cardea/core";
import type { HashJob, HashReply, HashThreadData } from "./hash-messages.js";

/** Threads run built files, also where the rest runs from source: Node 20 loads no TypeScript in them. */
const file = new URL("../../dist/workers/hash.worker.js", import.meta.url);

/**
 * Jobs that a thread has at once: the one it computes, and the next, so that it never waits for a busy event loop to
 * hand it one.
 */
const depth = 2;

/** One thread of the pool. It keeps the process alive while it has something to do, and no longer. */
export interface HashThread {
  /** Jobs that it has and has not answered. */
  readonly busy: number;
  readonly full: boolean;
  /** Resolves when it can compute, rejects where it cannot be started. */
  readonly ready: Promise<void>;
  /** Hands a job over. The password's bytes are gone from here at once. */
  give(job: HashJob, settle: Settle): void;
  /** Stops it. What it has not answered settles without an answer. */
  stop(): Promise<void>;
}

/**
 * Called once for each job.
 *
 * @param reply `undefined` where the thread ended before it answered
 * @param tookMs what this job alone took, without those before it
 */
export type Settle = (reply: HashReply | undefined, tookMs: number) => void;

/** @param ended called once when the thread is gone, whether it was stopped or crashed */
export function startHashThread(data: HashThreadData, clock: Clock, ended: () => void): HashThread {
  const worker = new Worker(file, {
    workerData: data,
    // Flags of the main process, such as those of a debugger or a loader, are none of its business.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
  const waiting: Settle[] = [];
  let begunMs = 0;
  const settleFirst = (reply: HashReply | undefined) => {
    const endedMs = clock.elapsed();
    waiting.shift()?.(reply, endedMs - begunMs);
    begunMs = endedMs;
  };

  const ready = new Promise<void>((resolve, reject) => {
    worker.on("message", (reply: HashReply) => {
      if (reply.kind === "ready") resolve();
      else settleFirst(reply);
      if (waiting.length === 0) worker.unref();
    });
    // An uncaught error ends the thread: `exit` follows.
    worker.on("error", reject);
    worker.on("exit", () => {
      reject(new Error("the thread ended before it was ready"));
      ended();
      while (waiting.length > 0) settleFirst(undefined);
    });
  });
  // It may fail while nobody waits for it.
  ready.catch(() => undefined);

  return {
    get busy() {
      return waiting.length;
    },
    get full() {
      return waiting.length >= depth;
    },
    ready,
    give(job, settle) {
      if (waiting.length === 0) begunMs = clock.elapsed();
      waiting.push(settle);
      worker.ref();
      worker.postMessage(job, [job.password.buffer]);
    },
    async stop() {
      await worker.terminate();
    },
  };
}
