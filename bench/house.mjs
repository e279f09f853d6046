// An authority as its operators run it: a process of its own, on TLS, with a database on the disk.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../packages/cli/bin/cardea.js", import.meta.url));

export const password = "correct horse battery";

/** What most benches want: nobody is limited, guesses are counted. */
export const openHouse = {
  accounts: [
    { username: "root", password, roles: ["admin"] },
    { username: "alice", password, roles: ["user"] },
  ],
  guesses: { perNetwork: "off" },
  mcias: { rates: { login: "off", validate: "off" } },
};

/**
 * @param {object} [house]
 * @param {{ folder?: string, env?: Record<string, string>, args?: string[], node?: string[] }} [options] `node`: its own flags.
 */
export async function serve(house = openHouse, { folder, env = {}, args = [], node = [] } = {}) {
  const data = folder ?? mkdtempSync(join(tmpdir(), "cardea-bench-"));
  const ready = join(data, "ready.json");
  rmSync(ready, { force: true });
  writeFileSync(join(data, "house.json"), JSON.stringify(house));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...node,
      cli,
      "serve",
      "--data",
      data,
      "--house",
      join(data, "house.json"),
      "--port",
      "0",
      "--ready-file",
      ready,
      ...args,
    ],
    { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...env } },
  );
  while (!existsSync(ready)) {
    if (child.exitCode !== null) throw new Error("the authority did not start");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const startMs = performance.now() - started;
  const { urls, caCert, pid } = JSON.parse(readFileSync(ready, "utf8"));
  return {
    url: /** @type {string} */ (urls.mcias),
    ca: readFileSync(caCert, "utf8"),
    data,
    startMs,
    /** Megabytes of memory that are the process's now. */
    rss: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024,
    /** @param {{ keep?: boolean }} [options] */
    async stop({ keep = false } = {}) {
      child.kill("SIGTERM");
      await new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve(undefined)));
      if (!keep) rmSync(data, { recursive: true, force: true });
    },
  };
}
