import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { lendFolder, openAt } from "../storage.test.support.js";

/** The built code: a child process cannot load TypeScript. */
const built = new URL("../../../dist/storage/sqlite/open.js", import.meta.url).href;

/** Writes for as long as it lives, several units at once, and says which are acknowledged. */
const writer = `
  import { openSqlite } from ${JSON.stringify(built)};
  const [path, cycle] = process.argv.slice(1);
  const storage = await openSqlite({ path, clock: { now: () => 0 } });
  let next = 0;
  const write = async () => {
    for (;;) {
      const name = cycle + "." + next++;
      await storage.unit((tx) => tx.insertInto("settings").values({ name, value: "x".repeat(300) }).execute());
      process.stdout.write(name + "\\n");
    }
  };
  for (let lane = 0; lane < 8; lane++) write();
`;

/** Starts a writer and resolves with what it acknowledged, once these are `enough` and it was killed. */
async function writeAndKill(path: string, cycle: number, enough: number): Promise<string[]> {
  const child = start(path, cycle);
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    acknowledged.push(line);
    if (acknowledged.length === enough) child.kill("SIGKILL");
  }
  expect(child.signalCode ?? (await once(child, "exit"))[1]).toBe("SIGKILL");
  return acknowledged;
}

function start(path: string, cycle: number): ChildProcess {
  const script = ["--input-type=module", "--eval", writer, "--", path, String(cycle)];
  return spawn(process.execPath, script, { stdio: ["ignore", "pipe", "inherit"] });
}

test("what was acknowledged survives kill -9, and the next process starts without a hand", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  const acknowledged: string[] = [];
  for (let cycle = 0; cycle < 4; cycle += 1) {
    acknowledged.push(...(await writeAndKill(path, cycle, 20 + 37 * cycle)));
  }
  const storage = await openAt(path);
  const rows = await storage.read.selectFrom("settings").select("name").execute();
  const stored = new Set(rows.map((row) => row.name));
  expect(acknowledged.length).toBeGreaterThanOrEqual(4 * 20);
  expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
  await storage.close();
}, 30_000);

test("while another process serves the file it is refused, and free once that one was killed", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  const child = start(path, 0);
  await once(child.stdout!, "data");
  await expect(openAt(path)).rejects.toMatchObject({ code: "storage_in_use" });
  child.kill("SIGKILL");
  await once(child, "exit");
  await (await openAt(path)).close();
}, 30_000);
