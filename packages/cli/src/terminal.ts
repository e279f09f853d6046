/** Where text goes: standard output, or what a test collects. */
export interface Output {
  write(text: string): unknown;
  /** A person reads it, not a program. */
  readonly isTTY?: boolean;
}

/** What a command gets from the world. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  /** Fires when the person wants it to end: Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Styles as the terminal's codes: on, off. */
const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], cyan: [36, 39] } as const;

export type Paint = Readonly<Record<keyof typeof styles, (text: string) => string>>;

/** Colours for people who want them; plain text for everybody else. */
export function paintFor(output: Output, env: Terminal["env"]): Paint {
  const plain = output.isTTY !== true || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  const painters = Object.entries(styles).map(([name, [on, off]]) => [
    name,
    (text: string) => (plain ? text : `\u001b[${on}m${text}\u001b[${off}m`),
  ]);
  return Object.fromEntries(painters) as Paint;
}

/** How wide text may be: a terminal of the usual size. */
export const lineWidth = 80;

/** Breaks a text between words, so that no line is wider than it must be. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
