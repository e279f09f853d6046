import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { HashJob, HashReply, HashThreadData } from "./hash-messages.js";

/** The thread with its port and its library replaced, so that what it computes can be counted. */
const thread = vi.hoisted(() => ({
  give: undefined as ((job: unknown) => void) | undefined,
  replies: [] as unknown[],
  computed: [] as string[],
}));

const data: HashThreadData = { parameters: { memoryKiB: 8, iterations: 1, parallelism: 1 }, decoy: "the decoy" };

vi.mock("node:worker_threads", () => ({
  get workerData() {
    return data;
  },
  parentPort: {
    on: (_: string, listener: (job: unknown) => void) => {
      thread.give = listener;
    },
    postMessage: (reply: unknown) => thread.replies.push(reply),
  },
}));
vi.mock("@node-rs/argon2", () => ({
  hashSync: (password: Uint8Array) => {
    if (password.length === 0) throw new Error("out of memory");
    return "a hash";
  },
  verifySync: (phc: string) => {
    if (phc === "unreadable") throw new Error("Decoding failed");
    thread.computed.push(phc);
    return phc !== "of another password";
  },
}));

beforeAll(async () => {
  await import("./hash.worker.js");
  expect(thread.replies).toEqual([{ kind: "ready" } satisfies HashReply]);
});
beforeEach(() => {
  thread.replies.length = 0;
  thread.computed.length = 0;
});

const password = () => Uint8Array.of(1, 2, 3);
const verify = (phc: string | undefined, current: boolean): HashJob => ({
  kind: "verify",
  password: password(),
  phc,
  current,
});

describe("a verification", () => {
  test.each<[string, string | undefined, boolean, string[], boolean]>([
    ["computes a current hash alone", "current", true, ["current"], true],
    ["tells a wrong password", "of another password", true, ["of another password"], false],
    ["pays for the decoy after a hash of other parameters", "former", false, ["former", "the decoy"], true],
    ["pays for the decoy where there is no hash, and is never right", undefined, false, ["the decoy"], false],
    ["pays for the decoy where the library cannot read the hash", "unreadable", true, ["the decoy"], false],
  ])("%s", (_, phc, current, computed, right) => {
    thread.give?.(verify(phc, current));
    expect(thread.computed).toEqual(computed);
    expect(thread.replies).toEqual([{ kind: "verified", right }]);
  });
});

test("a password is wiped after its job, whatever came of it", () => {
  const jobs: HashJob[] = [{ kind: "hash", password: password() }, verify("current", true), verify("unreadable", true)];
  for (const job of jobs) {
    thread.give?.(job);
    expect([...job.password]).toEqual([0, 0, 0]);
  }
  expect(thread.replies).toHaveLength(jobs.length);
});

test("a failure of the library is told without a word of its own", () => {
  thread.give?.({ kind: "hash", password: new Uint8Array() } satisfies HashJob);
  expect(thread.replies).toEqual([{ kind: "failed" }]);
});
