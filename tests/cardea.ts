import { run } from "@cardea/cli";

/** How a command ended, and what it has printed. */
export interface Ending {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command `cardea`, in this process. */
export async function cardea(argv: readonly string[], cwd = process.cwd()): Promise<Ending> {
  let [out, err] = ["", ""];
  const code = await run(argv, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
    cwd,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}
