import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lendFolder, openAt, providers } from "../storage.test.support.js";
import { SqliteConnection } from "./database.js";
import { loadEngine } from "./provider.js";
import { WriteAheadLog } from "./write-ahead-log.js";

/** A data file with one row, in a log of its own. */
async function open(path: string, provider: (typeof providers)[number]) {
  const engine = await loadEngine(provider);
  const writer = new SqliteConnection(engine, path, 0);
  writer.execute("pragma journal_mode = wal");
  writer.execute("pragma synchronous = normal");
  writer.execute("create table notes (text text)");
  const reader = new SqliteConnection(engine, path, 0);
  const log = new WriteAheadLog(path, reader, provider);
  return {
    log,
    write: () => writer.execute("insert into notes values ('x')"),
    read: () => reader.execute("select text from notes").rows.length,
    async close() {
      await log.close();
      reader.close();
      writer.close();
    },
  };
}

test.each(providers)("%s: reads see what was committed once it is durable, and not before", async (provider) => {
  using folder = lendFolder();
  const { log, write, read, close } = await open(join(folder.path, "db"), provider);
  log.hold();
  write();
  expect(read()).toBe(0);
  const reaching = log.reach();
  expect(read()).toBe(0);
  await reaching;
  expect(read()).toBe(1);
  await close();
});

test.each(providers)("%s: reads go on where nothing came of a commit", async (provider) => {
  using folder = lendFolder();
  const { log, write, read, close } = await open(join(folder.path, "db"), provider);
  log.hold();
  log.release();
  write();
  expect(read()).toBe(1);
  await close();
});

test.each(providers)("%s: the log goes into the data file after many units, and is used again", async (provider) => {
  using folder = lendFolder();
  const path = join(folder.path, "db");
  const storage = await openAt(path, { provider });
  let name = 0;
  const write = async (units: number) => {
    const all = Array.from({ length: units }, () =>
      storage.unit((tx) =>
        tx
          .insertInto("settings")
          .values({ name: String((name += 1)), value: "x".repeat(500) })
          .execute(),
      ),
    );
    await Promise.all(all);
  };
  const empty = statSync(path).size;
  await write(900);
  expect(statSync(path).size).toBe(empty);
  // The thread that does it starts meanwhile.
  while (statSync(path).size === empty) await write(64);
  expect(statSync(path).size).toBeGreaterThan(empty + 900 * 500);
  const log = statSync(`${path}-wal`).size;
  await write(200);
  expect(statSync(`${path}-wal`).size).toBe(log);
  await storage.close();
});
