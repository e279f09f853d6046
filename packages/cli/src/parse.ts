import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Command } from "./command.js";
import { isDatabaseUrl, shownDatabase } from "./database.js";
import { flagOf, options, readValue, type OptionName, type OptionRow } from "./options.js";
import { UsageError } from "./usage.js";

/** What a command line asks for. */
export type Request =
  { readonly help: true } | { readonly help: false; readonly given: Readonly<Record<string, unknown>> };

/**
 * Reads what follows the name of a command.
 *
 * @throws UsageError for what the command does not know, for a value that is missing or of another kind, and for an
 * option that is given twice
 */
export function parse(name: string, command: Command, args: readonly string[], cwd: string): Request {
  const rows = new Map<string, readonly [OptionName, OptionRow]>(
    command.options.map((option) => [flagOf(option), [option, options[option]]]),
  );
  const config: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
  for (const [flag, [, row]] of rows) config[flag] = { type: row.kind === undefined ? "boolean" : "string" };

  // Not strict: the sentences about what is wrong are ours.
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  if (tokens.some((token) => token.kind === "option" && token.name === "help")) return { help: true };

  const wrong = (message: string) => new UsageError(message, name);
  const given: Record<string, unknown> = defaultsOf(command, cwd);
  const seen = new Set<string>();
  const take = (option: OptionName, row: OptionRow, shown: string, text: string) => {
    if (seen.has(option) && row.repeatable !== true) throw wrong(`${shown} was given twice`);
    seen.add(option);
    const reading = readValue(row, text, cwd);
    if ("expected" in reading) throw wrong(`${shown} wants ${reading.expected}`);
    given[option] = row.repeatable === true ? [...(given[option] as unknown[]), reading.value] : reading.value;
  };

  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      const { positional } = command;
      if (positional === undefined || seen.has(positional))
        throw wrong(`"${shownWord(token.value)}" is one word too many`);
      const row: OptionRow = options[positional];
      take(positional, row, row.value ?? flagOf(positional), token.value);
      continue;
    }
    const [option, row] = rows.get(token.name) ?? [];
    if (option === undefined || row === undefined) throw wrong(`"${name}" has no option ${token.rawName}`);
    if (row.kind === undefined && token.value !== undefined) throw wrong(`${token.rawName} takes no value`);
    // `--data --port 1` forgot the folder. A folder that is called so can be written --data=--port.
    const missing = token.value === undefined || (token.inlineValue === false && token.value.startsWith("-"));
    take(option, row, token.rawName, missing ? "" : token.value);
  }
  if (command.positional !== undefined && !seen.has(command.positional)) {
    const row: OptionRow = options[command.positional];
    throw wrong(`"${name}" wants a ${row.value}`);
  }
  return { help: false, given };
}

/** A word as it was typed, but for the password of a database whose option was forgotten. */
function shownWord(word: string): string {
  return isDatabaseUrl(word) ? shownDatabase(word, "") : word;
}

function defaultsOf(command: Command, cwd: string): Record<string, unknown> {
  const settled: Record<string, unknown> = {};
  for (const option of command.options) {
    const row: OptionRow = options[option];
    if (row.repeatable === true) settled[option] = [];
    if (row.default === undefined) continue;
    const reading = readValue(row, row.default, cwd);
    if ("value" in reading) settled[option] = reading.value;
  }
  return settled;
}
