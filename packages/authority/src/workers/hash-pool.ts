import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { CardeaError, type Clock } from "@cardea/core";
import { createFairQueue } from "./fair-queue.js";
import type { HashJob, HashReply } from "./hash-messages.js";
import { startHashThread, type HashThread } from "./hash-thread.js";
import { decoyPhc, readPhc, sameCost, withinBounds, type HashParameters } from "./phc.js";

export type { HashParameters } from "./phc.js";

/** The least that a password hash may cost, and what it costs by default (Argon2id). */
export const hashFloor: HashParameters = { memoryKiB: 19_456, iterations: 2, parallelism: 1 };

export interface HashPoolOptions {
  readonly parameters: HashParameters;
  /** For tests: parameters below the floor are taken. */
  readonly allowWeak?: boolean;
  /** Threads. Default: one fewer than the processors, and at least one. Each may use the memory of one hash. */
  readonly workers?: number;
  readonly clock: Clock;
  /** How long a hash may have to wait for its turn, in milliseconds. Default 2000. */
  readonly maxWaitMs?: number;
  /** Default: the random of the system. */
  readonly random?: (bytes: number) => Uint8Array;
}

/**
 * Hashes passwords on threads of its own, so that a burst of sign-ins never delays a file, a look-up or a token.
 *
 * Who has to wait longer than allowed is refused at once with `busy`. Networks take turns: one address can fill only
 * what nobody else wants, and what it has put in line gives way to others.
 */
export interface HashPool {
  /**
   * A new hash in PHC form.
   *
   * @param network what takes turns: the client's network, or a name of its own for what no client asks for
   * @throws CardeaError `busy` (retryable, with `retryAfterMs`), `hash_failed`, `hash_pool_closed`
   */
  hash(password: Uint8Array | string, network: string): Promise<string>;
  /**
   * Whether the password is the one of this hash. It costs a hash of the current parameters at least, also where there
   * is no hash, it is malformed, or it asks for more than it may: these are false.
   *
   * @throws CardeaError as `hash` does
   */
  verify(phc: string | undefined, password: Uint8Array | string, network: string): Promise<boolean>;
  /** Starts all threads and resolves when they can compute. Without it each starts when it is first needed. */
  warm(): Promise<void>;
  stats(): HashPoolStats;
  /** Ends the threads. What has no answer yet fails with `hash_pool_closed`. */
  close(): Promise<void>;
}

/** What an operator wants to see of a pool. */
export interface HashPoolStats {
  /** Threads that run. */
  readonly threads: number;
  /** Jobs that threads have. */
  readonly running: number;
  /** Jobs that wait for a thread. */
  readonly waiting: number;
  /** Moving mean of what a job takes. */
  readonly meanMs: number;
  /** Jobs that were refused as `busy`, since the start. */
  readonly refused: number;
  /** Threads that ended by themselves, since the start. */
  readonly crashes: number;
}

interface Waiting {
  readonly job: HashJob;
  readonly resolve: (reply: HashReply) => void;
  readonly reject: (error: CardeaError) => void;
}

/** KiB of memory that Argon2 passes over in a millisecond: a first guess, until there are jobs to measure. */
const passedKiBPerMs = 2500;
/** The least that a job is reckoned to take. */
const leastMs = 1;
/** What the newest job weighs in the moving mean. */
const newestWeight = 0.1;

/** @throws CardeaError `hash_below_floor`, `hash_beyond_bounds` */
export function createHashPool(options: HashPoolOptions): HashPool {
  const { parameters, clock, maxWaitMs = 2000, random = randomBytes } = options;
  const size = options.workers ?? Math.max(1, availableParallelism() - 1);
  checkParameters(parameters, options.allowWeak ?? false);

  const data = { parameters, decoy: decoyPhc(parameters, random) };
  const threads = new Set<HashThread>();
  const queue = createFairQueue<Waiting>();
  // Never next to nothing, here and below: it bounds the length of the queue.
  let meanMs = Math.max((parameters.memoryKiB * parameters.iterations) / passedKiBPerMs, leastMs);
  let refused = 0;
  let crashes = 0;
  let closed = false;

  function start(): HashThread {
    const thread = startHashThread(data, clock, () => {
      threads.delete(thread);
      if (closed) return;
      crashes += 1;
      pump();
    });
    threads.add(thread);
    return thread;
  }

  /** The thread that has least to do; a new one before any gets a second job. */
  function pick(): HashThread | undefined {
    let idlest: HashThread | undefined;
    for (const thread of threads) {
      if (idlest === undefined || thread.busy < idlest.busy) idlest = thread;
    }
    if (threads.size < size && idlest?.busy !== 0) return start();
    return idlest?.full === false ? idlest : undefined;
  }

  function pump(): void {
    while (queue.length > 0) {
      const thread = pick();
      const next = thread === undefined ? undefined : queue.shift();
      if (thread === undefined || next === undefined) return;
      thread.give(next.job, (reply, tookMs) => {
        if (reply === undefined) {
          next.reject(closed ? poolClosed() : hashFailed());
          return;
        }
        meanMs += (Math.max(tookMs, leastMs) - meanMs) * newestWeight;
        pump();
        next.resolve(reply);
      });
    }
  }

  function submit(job: HashJob, network: string): Promise<HashReply> {
    return new Promise((resolve, reject) => {
      const admitted = { job, resolve, reject };
      if (closed) return refuse(admitted, poolClosed());
      const waitMs = (queue.length * meanMs) / size;
      if (waitMs > maxWaitMs) {
        const displaced = queue.displaceFor(network);
        refused += 1;
        refuse(displaced ?? admitted, busy(waitMs));
        if (displaced === undefined) return;
      }
      queue.push(network, admitted);
      pump();
    });
  }

  return {
    async hash(password, network) {
      const reply = await submit({ kind: "hash", password: bytesOf(password) }, network);
      if (reply.kind !== "hashed") throw hashFailed();
      return reply.phc;
    },
    async verify(phc, password, network) {
      const stored = phc === undefined ? undefined : readPhc(phc);
      const job = {
        kind: "verify",
        password: bytesOf(password),
        phc: stored === undefined ? undefined : phc,
        current: stored !== undefined && sameCost(stored, parameters),
      } as const;
      const reply = await submit(job, network);
      if (reply.kind !== "verified") throw hashFailed();
      return reply.right;
    },
    async warm() {
      if (closed) throw poolClosed();
      while (threads.size < size) start();
      try {
        await Promise.all([...threads].map((thread) => thread.ready));
      } catch (cause) {
        throw hashFailed(cause);
      }
    },
    stats() {
      const running = [...threads].reduce((sum, thread) => sum + thread.busy, 0);
      return { threads: threads.size, running, waiting: queue.length, meanMs, refused, crashes };
    },
    async close() {
      closed = true;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) refuse(next, poolClosed());
      await Promise.all([...threads].map((thread) => thread.stop()));
    },
  };
}

function checkParameters(parameters: HashParameters, allowWeak: boolean): void {
  const { memoryKiB, iterations, parallelism } = parameters;
  const weak =
    memoryKiB < hashFloor.memoryKiB || iterations < hashFloor.iterations || parallelism < hashFloor.parallelism;
  if (weak && !allowWeak) {
    throw new CardeaError(
      `password hashes may not cost less than ${hashFloor.memoryKiB} KiB, ${hashFloor.iterations} iterations and ` +
        `parallelism ${hashFloor.parallelism}`,
      { code: "hash_below_floor" },
    );
  }
  if (!withinBounds(parameters)) {
    throw new CardeaError(
      `password hashes cannot cost ${memoryKiB} KiB, ${iterations} iterations and parallelism ${parallelism}`,
      {
        code: "hash_beyond_bounds",
      },
    );
  }
}

/** A copy that can be given away and wiped. */
function bytesOf(password: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof password === "string" ? new TextEncoder().encode(password) : Uint8Array.from(password);
}

function refuse({ job, reject }: Waiting, error: CardeaError): void {
  job.password.fill(0);
  reject(error);
}

function busy(waitMs: number): CardeaError {
  return new CardeaError("too many passwords wait to be hashed", {
    code: "busy",
    retryable: true,
    retryAfterMs: Math.max(1000, Math.ceil(waitMs)),
  });
}

function hashFailed(cause?: unknown): CardeaError {
  return new CardeaError("a thread that hashes passwords failed", { code: "hash_failed", cause });
}

function poolClosed(): CardeaError {
  return new CardeaError("the pool that hashes passwords is closed", { code: "hash_pool_closed" });
}
