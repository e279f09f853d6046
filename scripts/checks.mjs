import { availableParallelism } from "node:os";
import { runNode } from "./child.mjs";

/**
 * A step of `npm run check`.
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} run The script and its arguments.
 * @property {string[]} [write] The same where the step can put right what it finds: the arguments for that.
 * @property {boolean} [show] Whether its output is worth reading when all is well.
 */

/** The slowest first, so that they do not come last. @type {Step[]} */
const steps = [
  { name: "lint", run: ["node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."] },
  { name: "package shape", run: ["scripts/steps/shape.mjs"] },
  { name: "API reports", run: ["scripts/steps/api.mjs"], write: ["scripts/steps/api.mjs", "--write"] },
  { name: "unused code", run: ["node_modules/knip/bin/knip.js", "--no-progress"] },
  {
    name: "format",
    run: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
    write: ["node_modules/prettier/bin/prettier.cjs", "--write", "--log-level", "warn", "."],
  },
  { name: "types of scripts", run: ["node_modules/typescript/bin/tsc", "-p", "scripts"] },
  { name: "floors", run: ["scripts/steps/floors.mjs"] },
  { name: "bundle sizes", run: ["scripts/steps/sizes.mjs"], show: true },
];

/**
 * Runs the steps, as many at once as there are cores. One line each with its time; what a step has to say follows only
 * where it failed.
 *
 * @param {{ write?: boolean }} [options] With `write` files are put right where a tool can do it.
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function check({ write = false } = {}) {
  const waiting = [...steps];
  const counts = { passed: 0, failed: 0 };
  const worker = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      counts[(await runStep(step, write)) ? "passed" : "failed"] += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  return counts;
}

/**
 * @param {Step} step
 * @param {boolean} write
 */
async function runStep({ name, run, write: writing = run, show = false }, write) {
  const start = performance.now();
  const { code, output } = await runNode(write ? writing : run, { capture: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const ok = code === 0;
  console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(18)} ${seconds.padStart(5)} s`);
  if (!ok || show) console.log(output.trimEnd().replace(/^(?=.)/gm, "         "));
  return ok;
}
