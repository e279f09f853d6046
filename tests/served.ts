import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const bin = fileURLToPath(new URL("../packages/cli/bin/cardea.js", import.meta.url));
const run = promisify(execFile);

/** An authority in a process of its own, as an operator starts it: what it survives and what it takes shows there. */
export interface ServedHouse extends AsyncDisposable {
  readonly port: number;
  readonly ca: string;
  readonly dataFolder: string;
  /** Whether the process is still the one that was started. */
  isAlive(): boolean;
  /** Bytes that it has in memory by now. */
  memory(): Promise<number>;
  /** The events of its log that are errors: faults that nobody has a name for. */
  faults(): readonly string[];
}

/** @param house what stands in its house file */
export async function serveHouse(house: object): Promise<ServedHouse> {
  const folder = await mkdtemp(join(tmpdir(), "cardea-served-"));
  const [houseFile, readyFile, dataFolder] = [
    join(folder, "house.json"),
    join(folder, "ready.json"),
    join(folder, "data"),
  ];
  await writeFile(houseFile, JSON.stringify(house), { mode: 0o600 });
  const files = ["--data", dataFolder, "--house", houseFile, "--ready-file", readyFile];
  const child = spawn(process.execPath, [bin, "serve", ...files, "--port", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const isAlive = () => child.exitCode === null && child.signalCode === null;

  let ready: { readonly caCert: string; readonly urls: { readonly mcias: string } } | undefined;
  while (ready === undefined) {
    if (!isAlive()) throw new Error(`the authority did not start: ${log}`);
    ready = await readFile(readyFile, "utf8").then(JSON.parse, () => undefined);
    if (ready === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port: Number(new URL(ready.urls.mcias).port),
    ca: await readFile(ready.caCert, "utf8"),
    dataFolder,
    isAlive,
    memory: async () => Number((await run("ps", ["-o", "rss=", "-p", String(child.pid)])).stdout) * 1024,
    faults: () => log.split("\n").filter((line) => line.includes('"level":"error"') || /^\s+at /.test(line)),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
