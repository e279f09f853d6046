import type { Given, OptionName } from "./options.js";
import type { Terminal } from "./terminal.js";

/** How a process ends. */
export const exitCodes = { done: 0, refused: 1, wrongUsage: 2 } as const;

/** A command, as the dispatcher and the help see it. */
export interface Command {
  readonly summary: string;
  /** One paragraph an item, for the help. */
  readonly about: readonly string[];
  /** The option whose value stands without its name: `cardea apply FILE`. */
  readonly positional?: OptionName;
  readonly options: readonly OptionName[];
  /** Environment variables that it reads, and what they do. */
  readonly env?: Readonly<Record<string, string>>;
  /** @returns the exit code */
  run(given: Readonly<Record<string, unknown>>, terminal: Terminal): Promise<number>;
}

/** A command with the types of its own options. What is heavy is imported inside `run`, so that help comes at once. */
export function command<const Names extends readonly OptionName[], const Positional extends OptionName = never>(row: {
  readonly summary: string;
  readonly about: readonly string[];
  readonly positional?: Positional;
  readonly options: Names;
  readonly env?: Readonly<Record<string, string>>;
  run(
    given: Given<Names[number]> & Required<Pick<Given<Positional>, Positional & keyof Given<Positional>>>,
    terminal: Terminal,
  ): Promise<number>;
}): Command {
  return row as Command;
}
