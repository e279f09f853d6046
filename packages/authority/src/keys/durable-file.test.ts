import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFile, moveFile, readFileIfAny, replaceFile } from "./durable-file.js";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cardea-durable-"));
  path = join(folder, "new", "file");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a file is made with its folder and its mode", async () => {
  expect(await createFile(path, "one", 0o600)).toBe(true);
  expect(await readFile(path, "utf8")).toBe("one");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a file that exists is not made again and stays as it is", async () => {
  await createFile(path, "one", 0o600);
  expect(await createFile(path, "two", 0o600)).toBe(false);
  expect(await readFile(path, "utf8")).toBe("one");
});

test("a file is replaced with its mode", async () => {
  await replaceFile(path, "one", 0o644);
  await replaceFile(path, "two", 0o600);
  expect(await readFile(path, "utf8")).toBe("two");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a file takes the name of another, which is gone", async () => {
  await createFile(path, "one", 0o600);
  await createFile(`${path}.next`, "two", 0o600);
  await moveFile(`${path}.next`, path);
  expect([await readFile(path, "utf8"), await readdir(join(folder, "new"))]).toEqual(["two", ["file"]]);
});

test("nothing else is left behind, whatever came of it", async () => {
  await createFile(path, "one", 0o600);
  await createFile(path, "two", 0o600);
  await replaceFile(path, "three", 0o600);
  await expect(replaceFile(join(folder, "new"), "over a folder", 0o600)).rejects.toMatchObject({ syscall: "rename" });
  expect([await readdir(folder), await readdir(join(folder, "new"))]).toEqual([["new"], ["file"]]);
});

describe("reading", () => {
  test("tells that there is no file", async () => {
    expect(await readFileIfAny(path)).toEqual({ found: false });
  });

  test.each([
    [0o600, false],
    [0o644, true],
  ] as const)("tells whether others may: mode %o, %s", async (mode, exposed) => {
    await replaceFile(path, "text", mode);
    expect(await readFileIfAny(path)).toEqual({ found: true, text: "text", exposed });
  });

  test("of what is no file fails with the system's error", async () => {
    await expect(readFileIfAny(folder)).rejects.toMatchObject({ code: "EISDIR" });
  });
});
