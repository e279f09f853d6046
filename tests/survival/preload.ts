import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether this machine can build what is preloaded into an authority, and preload it. */
export const canPreload = process.platform === "linux" && hasCompiler();

/** What helps where it cannot. */
export const installCommand = "apt-get install -y gcc libc6-dev (on Linux)";

/** Builds one of the C files beside this one into a folder. @returns the path of the library, for `LD_PRELOAD` */
export function library(name: "power-loss" | "sync-faults", folder: string): string {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const built = join(folder, `${name}.so`);
  execFileSync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", built, source, "-lpthread", "-ldl"]);
  return built;
}

function hasCompiler(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
