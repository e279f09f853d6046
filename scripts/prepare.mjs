import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runNode } from "./child.mjs";
import { npm } from "./npm.mjs";
import { root } from "./workspace.mjs";

const modules = join(root, "node_modules");
/** Inside node_modules, so that it goes when the modules go. */
const stampFile = join(modules, ".cardea-lock");

/**
 * Makes the repository ready to run: a Node that is new enough, the dependencies of the lock file, a build. Says one
 * line for each step that had something to do.
 *
 * @param {string} [project] The folder to build with all that it stands on; everything where not given.
 * @returns {Promise<boolean>} False where it failed; the reason has been printed.
 */
export async function prepare(project) {
  return nodeIsNewEnough() && (await install()) && (await build(project));
}

function nodeIsNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return true;
  console.error(
    `Cardea needs Node 20.19 or newer, and this is ${process.versions.node}: get one from https://nodejs.org.`,
  );
  return false;
}

async function install() {
  const stamp = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8").trim() === stamp) return true;
  const done = step("Installing dependencies");
  const { code, output } = await npm(["ci"]);
  if (code !== 0) return done(output);
  writeFileSync(stampFile, `${stamp}\n`);
  return done();
}

/** @param {string | undefined} project */
async function build(project) {
  /** @type {ReturnType<typeof step> | undefined} */
  let done;
  const compiler = ["node_modules/typescript/bin/tsc", "-b", "--verbose", "--pretty", "false"];
  const { code, output } = await runNode(project === undefined ? compiler : [...compiler, project], {
    capture: true,
    onText: (text) => {
      if (text.includes("Building project")) done ??= step("Building");
    },
  });
  if (code === 0) return done?.() ?? true;
  // What --verbose adds are lines with the time of day, and one list.
  const errors = output.split("\n").filter((line) => line.trim() !== "" && !/^\[?\d+:\d\d:\d\d|^ {4}\* /.test(line));
  return (done ?? step("Building"))(`${errors.join("\n")}\n`);
}

/**
 * Prints what begins, and returns what prints how it ended.
 *
 * @param {string} name
 */
function step(name) {
  const start = performance.now();
  process.stderr.write(`${name} ...`);
  /** @param {string} [failure] */
  return (failure) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    process.stderr.write(failure === undefined ? ` ${seconds} s\n` : ` failed after ${seconds} s\n\n${failure}`);
    return failure === undefined;
  };
}
