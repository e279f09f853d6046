/** A thread that hashes passwords, one after the other. Synchronous calls keep them off libuv's pool. */
import { parentPort, workerData } from "node:worker_threads";
import { hashSync, verifySync } from "@node-rs/argon2";
import type { HashJob, HashReply, HashThreadData } from "./hash-messages.js";
import { outputBytes } from "./phc.js";

const { parameters, decoy } = workerData as HashThreadData;
const options = {
  memoryCost: parameters.memoryKiB,
  timeCost: parameters.iterations,
  parallelism: parameters.parallelism,
  outputLen: outputBytes,
};

parentPort?.on("message", (job: HashJob) => {
  const reply = run(job);
  job.password.fill(0);
  send(reply);
});
send({ kind: "ready" });

function run(job: HashJob): HashReply {
  try {
    return job.kind === "hash"
      ? { kind: "hashed", phc: hashSync(job.password, options) }
      : { kind: "verified", right: verify(job) };
  } catch {
    return { kind: "failed" };
  }
}

function verify({ password, phc, current }: HashJob & { kind: "verify" }): boolean {
  const right = phc === undefined ? undefined : verifyIfReadable(phc, password);
  if (right === undefined || !current) verifySync(decoy, password);
  return right ?? false;
}

/** `undefined` where the library cannot read the hash: then it has not cost anything yet. */
function verifyIfReadable(phc: string, password: Uint8Array): boolean | undefined {
  try {
    return verifySync(phc, password);
  } catch {
    return undefined;
  }
}

function send(reply: HashReply): void {
  parentPort?.postMessage(reply);
}
