import type { Command } from "./command.js";
import { databaseVariable } from "./database.js";
import { flagOf, options, type OptionRow } from "./options.js";
import { lineWidth, wrap, type Paint } from "./terminal.js";

/** A name and what is said of it. */
type Entry = readonly [name: string, text: string];

const readHelp: Entry = ["-h, --help", "Print this help."];

/** What `cardea --help` prints. */
export function generalHelp(commands: Readonly<Record<string, Command>>, version: string, paint: Paint): string {
  return page([
    `${paint.bold("cardea")} ${version}: an authority of your own, for services that ask who is calling.`,
    `${paint.bold("Usage:")} cardea COMMAND [OPTIONS]`,
    section(
      "Commands",
      Object.entries(commands).map(([name, command]) => [usage(name, command), command.summary]),
      paint,
    ),
    section("Options", [readHelp, ["    --version", "Print the version."]], paint),
    `New here? Run "cardea tour". The options of a command: "cardea serve --help".`,
  ]);
}

/** What `cardea COMMAND --help` prints. */
export function commandHelp(name: string, command: Command, paint: Paint): string {
  const rows: readonly (readonly [string, OptionRow])[] = command.options.map((option) => [option, options[option]]);
  const working = rows.filter(([, row]) => row.idle === undefined);
  const variables = Object.entries({
    ...command.env,
    ...(command.options.includes("database") && databaseVariable),
  });
  return page([
    `${paint.bold("Usage:")} cardea ${usage(name, command)} [OPTIONS]`,
    ...command.about.map((paragraph) => wrap(paragraph, lineWidth).join("\n")),
    section("Options", [...working.map(([option, row]) => entryOf(option, row)), readHelp], paint),
    ...(variables.length === 0 ? [] : [section("Environment", variables, paint)]),
  ]);
}

function usage(name: string, { positional }: Command): string {
  if (positional === undefined) return name;
  const row: OptionRow = options[positional];
  return `${name} ${row.value ?? positional}`;
}

function entryOf(option: string, row: OptionRow): Entry {
  const remarks = [
    ...(row.repeatable === true ? ["Can be given again."] : []),
    ...(row.default === undefined ? [] : [`Default: ${row.default}`]),
  ];
  const name = [`    --${flagOf(option)}`, row.value].filter((part) => part !== undefined).join(" ");
  return [name, [row.help, ...remarks].join(" ")];
}

/** Names in one column, what is said of them in the next. A name too long for its column has a line of its own. */
function section(title: string, entries: readonly Entry[], paint: Paint): string {
  const longest = Math.max(...entries.map(([name]) => name.length));
  const column = Math.min(longest, 26) + 4;
  const lines = entries.flatMap(([name, text]) => {
    const said = wrap(text, lineWidth - column);
    const start = name.length + 4 > column ? [`  ${paint.cyan(name)}`] : [];
    return [
      ...start,
      ...said.map((line, at) => {
        const label = at === 0 && start.length === 0 ? name : "";
        return `  ${paint.cyan(label)}${" ".repeat(column - 2 - label.length)}${line}`;
      }),
    ];
  });
  return [paint.bold(title), ...lines].join("\n");
}

function page(blocks: readonly string[]): string {
  return `${blocks.join("\n\n")}\n`;
}
