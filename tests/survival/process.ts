import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../packages/cli/bin/cardea.js", import.meta.url));

/** A process of `cardea serve`, which can be ended in the ways in which processes end. */
export interface ServeProcess {
  /** Of the wire MCIAS. */
  readonly url: string;
  readonly ca: string;
  /** `kill -9`. Resolves when it is gone. */
  kill(): Promise<void>;
  /** As an operator stops it. @returns what it printed on standard error */
  stop(): Promise<string>;
}

/** What a process is started with, besides its folder. */
export interface ServeOptions {
  /** What stands in its house file. Absent: the house is as its last process left it. */
  readonly house?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** What it is started by, such as `["setpriv", "--reuid=1"]`. */
  readonly by?: readonly string[];
}

/**
 * Starts `cardea serve` over `<folder>/data` and resolves when it answers.
 *
 * @throws Error with what it printed, where it ends instead
 */
export async function serveFolder(folder: string, options: ServeOptions = {}): Promise<ServeProcess> {
  const { house, env = {}, by = [] } = options;
  const readyFile = join(folder, "ready.json");
  const args = ["serve", "--port=0", "--data", join(folder, "data"), "--ready-file", readyFile];
  rmSync(readyFile, { force: true });
  if (house !== undefined) {
    const houseFile = join(folder, "house.json");
    writeFileSync(houseFile, JSON.stringify(house), { mode: 0o600 });
    args.push("--house", houseFile);
  }
  const [command = "", ...rest] = [...by, process.execPath, bin, ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  let over = false;
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(said));
  }).finally(() => (over = true));
  ended.catch(() => undefined);
  while (!existsSync(readyFile)) {
    if (over) throw new Error(`the authority did not start: ${await ended}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { urls, caCert } = JSON.parse(readFileSync(readyFile, "utf8")) as {
    readonly urls: { readonly mcias: string };
    readonly caCert: string;
  };
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return {
    url: urls.mcias,
    ca: readFileSync(caCert, "utf8"),
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
  };
}
