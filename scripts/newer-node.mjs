// A Node newer than the one that runs this, for what only it has: its built-in SQLite.
import { spawnSync } from "node:child_process";

/** Each version and platform is a package that holds the program and runs nothing when it is installed. */
const name = `node-${process.platform}-${process.arch}`;
const version = "24.21.0";

/** What fetches it, for whoever has none. */
export const fetchCommand = `npx --yes --package ${name}@${version} node --version`;

/**
 * The path of such a Node: what `CARDEA_NEWER_NODE` names, else from the cache of npm, else, where all must be proved,
 * from its registry.
 *
 * @returns {string | undefined}
 */
export function findNewerNode() {
  const given = process.env["CARDEA_NEWER_NODE"];
  if (given !== undefined) return given;
  const offline = process.env["CARDEA_PROVE_ALL"] === "1" ? [] : ["--offline"];
  const npx = spawnSync(
    "npx",
    [...offline, "--yes", "--package", `${name}@${version}`, "node", "--print", "process.execPath"],
    { encoding: "utf8", shell: process.platform === "win32" },
  );
  const path = npx.stdout?.trim();
  return npx.status === 0 && path !== "" && path !== process.execPath ? path : undefined;
}
