import { spawn } from "node:child_process";
import { root } from "./workspace.mjs";

/**
 * How a child process ended.
 * @typedef {{ code: number | null, signal: NodeJS.Signals | null, output: string }} Ending
 */

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** In a terminal Ctrl-C reaches the children without us, and a second one would look like impatience. */
const reachesChildren = (/** @type {NodeJS.Signals} */ signal) => signal === "SIGINT" && process.stdin.isTTY === true;

/** @type {NodeJS.Signals[]} */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
for (const signal of signals) {
  process.on(signal, () => {
    if (running.size === 0) process.exit(1);
    if (!reachesChildren(signal)) for (const child of running) child.kill(signal);
  });
}

/**
 * Runs a program in the root of the repository and resolves when it has ended. Signals that reach us are passed on.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ env?: Record<string, string> | undefined, capture?: boolean, onText?: (text: string) => void }} [options]
 *   With `capture` the child's output comes back as text instead of going to the terminal.
 * @returns {Promise<Ending>}
 */
export function run(program, args, { env = {}, capture = false, onText } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: capture ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
        onText?.(text);
      });
    }
    running.add(child);
    /** @param {Partial<Ending>} ending */
    const end = (ending) => {
      running.delete(child);
      resolve({ code: null, signal: null, output, ...ending });
    };
    child.on("error", (error) => end({ code: 127, output: `${program}: ${error.message}\n` }));
    child.on("close", (code, signal) => end({ code, signal }));
  });
}

/**
 * The same for a script, with the Node that runs this one.
 *
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export const runNode = (args, options) => run(process.execPath, args, options);

/**
 * Ends this process the way the child ended.
 *
 * @param {Ending} ending
 */
export function follow({ code, signal }) {
  if (signal === null) {
    process.exitCode = code ?? 1;
  } else {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
}
