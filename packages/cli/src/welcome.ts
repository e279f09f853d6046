import type { Authority, HouseReport } from "@cardea/authority";
import { shownDatabase } from "./database.js";
import { houseLines } from "./house-lines.js";
import { shownPath } from "./shown-path.js";
import { paintFor, type Terminal } from "./terminal.js";
import { wires } from "./wires.js";

/** What there is to tell of an authority that has started. */
export interface Started {
  readonly authority: Pick<Authority, "caCert" | "urls" | "setupLink">;
  readonly dataFolder: string;
  /** Where it is not in the data folder. */
  readonly database?: string;
  /** What was applied at the start, in order. */
  readonly applied: readonly HouseReport[];
  readonly credentialsOut?: string;
  /** Of options that were given and have no effect in this version. */
  readonly idle: readonly string[];
}

/** All that a person must know now, and no more. */
export function welcome(started: Started, { stdout, env, cwd }: Pick<Terminal, "stdout" | "env" | "cwd">): string {
  const { authority, dataFolder, database, applied, idle } = started;
  const { bold, dim, green } = paintFor(stdout, env);
  const ca = authority.caCert === undefined ? undefined : shownPath(authority.caCert, cwd);
  const served = Object.entries(authority.urls).map(([wire, url]) => ({ url, words: wires[wire], wire }));

  const facts = [
    ...served.map(({ wire, words, url }) => [words?.name ?? wire, bold(url)] as const),
    ["Data", shownPath(dataFolder, cwd)] as const,
    ...(database === undefined ? [] : [["Database", shownDatabase(database, cwd)] as const]),
    ...(ca === undefined ? [] : [["CA", `${ca} ${dim("(what clients must trust)")}`] as const]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const blocks: readonly (readonly [title: string, lines: readonly string[]])[] = [
    [green("Cardea is ready."), facts.map(([name, fact]) => `${name.padEnd(width)}  ${fact}`)],
    ["Lines to paste:", served.flatMap(({ words, url }) => words?.linesToPaste(url, ca) ?? [])],
    ["The house:", applied.flatMap((report) => houseLines(report, { cwd, ...started }))],
    ["Without effect:", idle],
    [
      "There is no administrator yet. This link makes one; it works once, within a day:",
      authority.setupLink === undefined ? [] : [bold(authority.setupLink)],
    ],
  ];
  const told = blocks.filter(([, lines]) => lines.length > 0);
  const texts = told.map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)].join("\n"));
  return `${[...texts, dim("Press Ctrl-C to stop.")].join("\n\n")}\n`;
}
