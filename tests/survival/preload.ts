import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether this machine can build what is preloaded into an authority, and preload it. */
export const canPreload = process.platform === "linux" && hasCompiler();

/** What helps where it cannot. */
export const installCommand = "apt-get install -y gcc libc6-dev (on Linux)";

/** Builds one of the C files beside this one. @returns the path of the library, for `LD_PRELOAD` */
export function library(name: "power-loss" | "sync-faults"): string {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const built = join(lendFolder(), `${name}.so`);
  execFileSync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", built, source, "-lpthread", "-ldl"]);
  return built;
}

let lent: string | undefined;

/** One for this process, gone with it. */
function lendFolder(): string {
  if (lent !== undefined) return lent;
  const folder = mkdtempSync(join(tmpdir(), "cardea-preload-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return (lent = folder);
}

function hasCompiler(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
