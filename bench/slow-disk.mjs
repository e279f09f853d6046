// A disk that is slow to promise: a library, built here and preloaded, under which every sync takes 4 ms more.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../tests/survival/sync-faults.c", import.meta.url));

/** @returns the environment of a process on such a disk */
export function slowDisk() {
  const folder = mkdtempSync(join(tmpdir(), "cardea-bench-"));
  const library = join(folder, "sync-faults.so");
  execFileSync("cc", ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]);
  return {
    env: { LD_PRELOAD: library, CARDEA_SYNC_DELAY_US: "4000" },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
