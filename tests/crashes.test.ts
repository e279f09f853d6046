import { expect, test } from "vitest";
import { surviveKills } from "./survival/cycles.js";

test("what was answered survives kill -9 in the middle of writing, twenty times over on one data folder", async () => {
  const { answers, lost } = await surviveKills(20, 1);
  expect(lost).toEqual([]);
  expect(answers).toBeGreaterThanOrEqual(20);
}, 300_000);
