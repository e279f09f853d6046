import { expect, test } from "vitest";
import { surviveKills } from "./survival/cycles.js";

test("what was answered survives kill -9 a thousand times over", async () => {
  const survived = await surviveKills(1_000, 2);
  expect(survived).toMatchObject({ cycles: 1_000, lost: [] });
});
