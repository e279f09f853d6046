/**
 * The command `cardea`, for programs: what the binary does, with the world passed in.
 *
 * @packageDocumentation
 */
import { exitCodes, type Command } from "./command.js";
import { commands } from "./commands/index.js";
import { withDatabase } from "./database.js";
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

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr, env, cwd } = terminal;
  const [first] = argv;
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
  const { name, command, rest } = commandIn(argv);
  const request = parse(name, command, rest, cwd);
  if (request.help) {
    stdout.write(commandHelp(name, command, paintFor(stdout, env)));
    return exitCodes.done;
  }
  return command.run(withDatabase(command, request.given, terminal), terminal);
}

/** The command that a line begins with, and what follows it. Some have two words: `keys list`. @throws UsageError */
function commandIn([first = "", ...rest]: readonly string[]) {
  const whole = commandOf(first);
  if (whole !== undefined) return { name: first, command: whole, rest };
  const name = `${first} ${rest[0] ?? ""}`;
  const command = commandOf(name);
  if (command !== undefined) return { name, command, rest: rest.slice(1) };
  const group = Object.keys(commands).filter((one) => one.startsWith(`${first} `));
  if (group.length > 0) throw new UsageError(`"${first}" stands before another word: ${group.join(", ")}`);
  throw new UsageError(first.startsWith("-") ? `there is no option ${first}` : `there is no command "${first}"`);
}

function commandOf(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}
