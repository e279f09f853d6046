/**
 * The command `cardea`, for programs: what the binary does, with the world passed in.
 *
 * @packageDocumentation
 */
import { exitCodes } from "./command.js";
import { commands } from "./commands/index.js";
import { commandHelp, generalHelp } from "./help.js";
import { parse } from "./parse.js";
import { report } from "./refusal.js";
import { paintFor, type Terminal } from "./terminal.js";
import { UsageError } from "./usage.js";
import { version } from "./version.js";

export type { Output, Terminal } from "./terminal.js";

/**
 * Runs a command line. Never throws: what goes wrong is told on standard error.
 *
 * @param argv what was typed after `cardea`
 * @returns how the process should end: 0 done, 1 refused, 2 wrong usage
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    return report(error, terminal);
  }
}

async function dispatch([first, ...rest]: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr, env, cwd } = terminal;
  if (first === undefined) {
    stderr.write(generalHelp(commands, version(), paintFor(stderr, env)));
    return exitCodes.wrongUsage;
  }
  if (first === "--help" || first === "-h") {
    stdout.write(generalHelp(commands, version(), paintFor(stdout, env)));
    return exitCodes.done;
  }
  if (first === "--version") {
    stdout.write(`${version()}\n`);
    return exitCodes.done;
  }
  const command = Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (command === undefined) {
    throw new UsageError(first.startsWith("-") ? `there is no option ${first}` : `there is no command "${first}"`);
  }
  const request = parse(first, command, rest, cwd);
  if (request.help) {
    stdout.write(commandHelp(first, command, paintFor(stdout, env)));
    return exitCodes.done;
  }
  return command.run(request.given, terminal);
}
