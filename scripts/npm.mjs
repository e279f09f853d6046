import { run, runNode } from "./child.mjs";

/**
 * Runs npm with its output captured.
 *
 * @param {string[]} args
 */
export function npm(args) {
  // Under `npm run` npm tells where it is; without that its name must do.
  const path = process.env["npm_execpath"];
  return path?.endsWith("js") ? runNode([path, ...args], { capture: true }) : run("npm", args, { capture: true });
}
