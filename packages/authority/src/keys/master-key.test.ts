import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { adoptNextMasterKey, findNextMasterKey, loadMasterKey, prepareNextMasterKey } from "./master-key.js";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cardea-master-key-"));
  path = join(folder, "data", "master.key");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(text: string, mode = 0o600): Promise<void> {
  await mkdir(join(folder, "data"), { recursive: true });
  await writeFile(path, text);
  await chmod(path, mode);
}

const hex = "0f".repeat(32);

describe("the first start", () => {
  test("makes 32 random bytes that only their owner can read", async () => {
    const key = await loadMasterKey(path, { expected: false });
    expect(key).toHaveLength(32);
    expect(await readFile(path, "utf8")).toBe(`${Buffer.from(key).toString("hex")}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await loadMasterKey(join(folder, "other"), { expected: false })).not.toEqual(key);
  });

  test("leaves no other file behind", async () => {
    await loadMasterKey(path, { expected: false });
    expect(await readdir(join(folder, "data"))).toEqual(["master.key"]);
  });

  test("takes its bytes from the random that is passed in", async () => {
    const key = await loadMasterKey(path, { expected: false, random: (count) => new Uint8Array(count).fill(7) });
    expect(key).toEqual(new Uint8Array(32).fill(7));
  });

  test("of many processes at once gives all of them the same key", async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadMasterKey(path, { expected: false })));
    expect(new Set(keys.map((key) => Buffer.from(key).toString("hex"))).size).toBe(1);
  });
});

describe("a later start", () => {
  test.each(["", "\n", "\r\n"])("reads the same key, ended by %j or not", async (end) => {
    await put(hex + end);
    expect(await loadMasterKey(path, { expected: true })).toEqual(new Uint8Array(32).fill(0x0f));
  });

  test("makes no new key where the database is sealed with one", async () => {
    await expect(loadMasterKey(path, { expected: true })).rejects.toMatchObject({ code: "master_key_missing" });
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each([0o640, 0o604, 0o620, 0o644])("refuses a key that others may use (mode %o)", async (mode) => {
    await put(hex, mode);
    await expect(loadMasterKey(path, { expected: true })).rejects.toMatchObject({ code: "master_key_exposed" });
  });

  test.each([
    ["empty", ""],
    ["short", hex.slice(2)],
    ["long", `${hex}00`],
    ["no hex", "zz".repeat(32)],
    ["two lines", `${hex}\n${hex}\n`],
  ])("refuses a file that is %s, and shows nothing of it", async (_, text) => {
    await put(text);
    const refused = loadMasterKey(path, { expected: false });
    await expect(refused).rejects.toMatchObject({ code: "master_key_malformed" });
    await expect(refused).rejects.not.toThrow(/0f0f|zz/);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("refuses what is no file", async () => {
    await mkdir(path, { recursive: true });
    await expect(loadMasterKey(path, { expected: false })).rejects.toMatchObject({ code: "master_key_unreadable" });
  });

  test("says so where the folder cannot be written", async () => {
    await writeFile(join(folder, "data"), "a file where the folder should be");
    await expect(loadMasterKey(path, { expected: false })).rejects.toMatchObject({
      code: expect.stringMatching(/^master_key_un(readable|writable)$/) as unknown,
    });
  });
});

describe("the next key", () => {
  test("waits beside the present one, which stays, until it takes its place", async () => {
    const present = await loadMasterKey(path, { expected: false });
    expect(await findNextMasterKey(path)).toBeUndefined();
    const next = await prepareNextMasterKey(path);
    expect(next).not.toEqual(present);
    expect(await findNextMasterKey(path)).toEqual(next);
    expect(await loadMasterKey(path, { expected: true })).toEqual(present);
    await adoptNextMasterKey(path);
    expect(await loadMasterKey(path, { expected: true })).toEqual(next);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, "data"))).toEqual(["master.key"]);
  });

  test("is the one that waits already, so that an exchange that was cut off goes on", async () => {
    await loadMasterKey(path, { expected: false });
    expect(await prepareNextMasterKey(path)).toEqual(await prepareNextMasterKey(path));
  });

  test("is adopted once, also where another process was faster", async () => {
    await loadMasterKey(path, { expected: false });
    const next = await prepareNextMasterKey(path);
    await adoptNextMasterKey(path);
    await adoptNextMasterKey(path);
    expect(await loadMasterKey(path, { expected: true })).toEqual(next);
  });

  test("that others can read is refused", async () => {
    await put(hex);
    await writeFile(`${path}.next`, hex, { mode: 0o644 });
    await expect(findNextMasterKey(path)).rejects.toMatchObject({ code: "master_key_exposed" });
  });
});
