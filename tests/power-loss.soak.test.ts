import { expect, test } from "vitest";
import { surviveKills } from "./survival/cycles.js";
import { forgetfulDisk } from "./survival/forgetful-disk.js";
import { canPreload } from "./survival/preload.js";

test.runIf(canPreload).each([
  ["keeps nothing but what a sync has reached", {}],
  ["has kept a random part of the rest too", { torn: true }],
])("a loss of power takes nothing that was answered where the disk %s", async (_, forgetfulness) => {
  const survived = await surviveKills(300, 6, forgetfulDisk(forgetfulness));
  expect(survived).toMatchObject({ cycles: 300, lost: [] });
});
