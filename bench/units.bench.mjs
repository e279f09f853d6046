import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { systemClock } from "@cardea/core";
import { slowDisk } from "./slow-disk.mjs";

export const title = "Durable writes, and what a reader feels meanwhile";

const opening = new URL("../packages/authority/dist/storage/sqlite/open.js", import.meta.url).href;

/** @typedef {{ concurrent: number, perSecond: number, stall: number, read: number }} Row */

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), "cardea-bench-"));
  const slow = slowDisk();
  const disks = { "disk as it is": {}, "every sync 4 ms slower": slow.env };
  const figures = [];
  for (const [at, [disk, env]] of Object.entries(disks).entries()) {
    for (const { concurrent, perSecond, stall, read } of await measure(join(folder, `${at}.db`), env)) {
      figures.push({
        what: `units, ${concurrent} at once, ${disk}`,
        ours: `${perSecond.toFixed(0)}/s`,
        peer: `p99 loop ${stall.toFixed(1)} ms, read ${read.toFixed(1)} ms`,
      });
    }
  }
  slow.remove();
  rmSync(folder, { recursive: true, force: true });
  return figures;
}

/** @param {string} path @param {Record<string, string>} env @returns {Promise<Row[]>} */
function measure(path, env) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), ["child", path], { env: { ...process.env, ...env } });
    child.once("message", (rows) => resolve(/** @type {Row[]} */ (rows)));
  });
}

if (process.argv[2] === "child") {
  const { openSqlite } = await import(opening);
  const storage = await openSqlite({ path: process.argv[3], clock: systemClock });
  /** @type {Row[]} */
  const rows = [];
  for (const concurrent of [1, 32, 256]) rows.push(await writers(storage, concurrent, 2000));
  await storage.close();
  process.send?.(rows);
  process.disconnect?.();
}

/** @param {any} storage @param {number} concurrent @param {number} ms @returns {Promise<Row>} */
async function writers(storage, concurrent, ms) {
  let over = false;
  let done = 0;
  let name = 0;
  const lane = async () => {
    while (!over) {
      const row = { name: `${concurrent}.${name++}`, value: "x".repeat(200) };
      await storage.unit((/** @type {any} */ tx) => tx.insertInto("settings").values(row).execute());
      done += 1;
    }
  };
  /** @type {number[]} */
  const reads = [];
  const reader = async () => {
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const due = performance.now();
      // As a request does: it comes in by the loop, and then asks.
      await new Promise((resolve) => setImmediate(resolve));
      await storage.read.selectFrom("settings").select("value").where("name", "=", `${concurrent}.0`).execute();
      reads.push(performance.now() - due);
    }
  };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const lanes = [reader(), ...Array.from({ length: concurrent }, lane)];
  delay.enable();
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  over = true;
  await Promise.all(lanes);
  const seconds = (performance.now() - started) / 1000;
  delay.disable();
  reads.sort((a, b) => a - b);
  return {
    concurrent,
    perSecond: done / seconds,
    stall: Math.max(0, delay.percentile(99) / 1e6 - 1),
    read: reads[Math.floor(reads.length * 0.99)] ?? NaN,
  };
}
