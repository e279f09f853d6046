import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CardeaError, manualClock } from "@cardea/core";
import { errorFacts, jsonLog } from "./log.js";

const folder = mkdtempSync(join(tmpdir(), "cardea-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

const clock = manualClock(Date.UTC(2026, 0, 2, 3, 4, 5));

function lines(file: string): unknown[] {
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

test("each event is a line of JSON, there as soon as it is told", async () => {
  const destination = join(folder, "all");
  const log = await jsonLog({ clock, destination });
  log.info("started", { port: 8443, name: undefined });
  log.error("broke");
  expect(lines(destination)).toEqual([
    { level: "info", time: "2026-01-02T03:04:05.000Z", port: 8443, event: "started" },
    { level: "error", time: "2026-01-02T03:04:05.000Z", event: "broke" },
  ]);
});

test("what is below the level is left out", async () => {
  const destination = join(folder, "warnings");
  const log = await jsonLog({ clock, destination, level: "warn" });
  log.info("a");
  log.warn("b");
  expect(lines(destination)).toMatchObject([{ event: "b" }]);
});

test("a log that cannot write, or is given what it cannot print, does not throw", async () => {
  const log = await jsonLog({ clock, destination: join(folder, "bad") });
  const cursed = {
    get a(): string {
      throw new Error("no");
    },
  };
  expect(() => log.info("x", cursed)).not.toThrow();
  const closed = await jsonLog({ clock, destination: 9999 });
  expect(() => closed.info("x", { text: "y".repeat(100_000) })).not.toThrow();
});

test("a message is told of our own errors only: others quote what they were given", () => {
  expect(errorFacts(new CardeaError("the disk is full", { code: "storage_full" }))).toMatchObject({
    error: "CardeaError",
    code: "storage_full",
    message: "the disk is full",
  });
  let quoting: unknown;
  try {
    JSON.parse("hunter2hunter2");
  } catch (error) {
    quoting = new TypeError("hunter2hunter2\n at hunter2hunter2", { cause: error });
  }
  const facts = errorFacts(quoting);
  expect(facts).toMatchObject({ error: "TypeError", cause: "SyntaxError" });
  expect(String(facts["stack"])).toMatch(/^at /);
  expect(JSON.stringify(facts)).not.toContain("hunter2");
  expect(errorFacts("hunter2")).toEqual({ error: "string" });
});
