import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lendFolder, openAt } from "../storage.test.support.js";

test("every file of the database is for its user alone, also where it was open to others before", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  writeFileSync(path, "");
  chmodSync(path, 0o666);
  const storage = await openAt(path);
  await storage.unit((tx) => tx.insertInto("settings").values({ name: "a", value: "b" }).execute());
  const files = readdirSync(folder.path).sort();
  expect(files).toEqual(["cardea.db", "cardea.db-lock", "cardea.db-shm", "cardea.db-wal"]);
  expect(files.map((file) => statSync(join(folder.path, file)).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600]);
  await storage.close();
});

test("after closing the data file alone holds everything", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  const first = await openAt(path);
  await first.unit((tx) => tx.insertInto("settings").values({ name: "a", value: "b" }).execute());
  await first.close();
  copyFileSync(path, join(folder.path, "copy.db"));
  const second = await openAt(join(folder.path, "copy.db"));
  expect(await second.read.selectFrom("settings").selectAll().execute()).toEqual([{ name: "a", value: "b" }]);
  await second.close();
});

test("a second opener is refused, under another name for the file too, and the first goes on", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  const first = await openAt(path);
  symlinkSync(path, join(folder.path, "alias.db"));
  for (const name of ["cardea.db", "alias.db"]) {
    await expect(openAt(join(folder.path, name))).rejects.toMatchObject({ code: "storage_in_use" });
  }
  await first.unit((tx) => tx.insertInto("settings").values({ name: "a", value: "b" }).execute());
  await first.close();
  await (await openAt(path)).close();
});

test.each([
  ["a folder that does not exist", "missing/cardea.db", "storage_failed", /folder .*missing does not exist/],
  ["a folder in place of the file", "folder", "storage_failed", /cannot be opened/],
  ["a file that is no database", "notes.txt", "storage_failed", /is not a database/],
])("%s is refused in one sentence that says what to do", async (_, name, code, message) => {
  using folder = lendFolder();
  mkdirSync(join(folder.path, "folder"));
  writeFileSync(join(folder.path, "notes.txt"), "not a database, but long enough to look at. ".repeat(50));
  const opening = openAt(join(folder.path, name));
  await expect(opening).rejects.toMatchObject({ name: "StorageError", code });
  await expect(opening).rejects.toThrow(message);
  // It is let go of: the next try says the same, and not that the file is in use.
  await expect(openAt(join(folder.path, name))).rejects.toThrow(message);
});

test("a start that failed leaves nothing locked", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  const failing = { set: "wire", migrations: [{ number: 1, name: "bad", up: () => Promise.reject(new Error("no")) }] };
  await expect(openAt(path, { migrations: [failing] })).rejects.toThrow("no");
  await (await openAt(path)).close();
});
