import { describe, expect, test } from "vitest";
import { notProved } from "../scripts/not-proved.mjs";
import { surviveKills } from "./survival/cycles.js";
import { forgetfulDisk } from "./survival/forgetful-disk.js";
import { canPreload, installCommand } from "./survival/preload.js";

if (!canPreload) notProved("power loss", installCommand);

describe.runIf(canPreload)("a loss of power, of which the disk keeps what a sync has reached", () => {
  test("takes nothing that was answered", async () => {
    expect(await surviveKills(4, 3, forgetfulDisk())).toMatchObject({ cycles: 4, lost: [] });
  }, 180_000);

  test("takes nothing where a random part of the rest is on the disk too", async () => {
    expect(await surviveKills(4, 4, forgetfulDisk({ torn: true }))).toMatchObject({ cycles: 4, lost: [] });
  }, 180_000);

  test("is noticed where the log of the database is not synced", async () => {
    const { lost } = await surviveKills(2, 5, forgetfulDisk({ forgets: "-wal" }));
    expect(lost).toContainEqual(expect.stringMatching(/^cycle 2: /));
  }, 180_000);
});
