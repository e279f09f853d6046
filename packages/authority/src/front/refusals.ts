import type { Outbound } from "./exchange.js";

/** What a refusal tells besides what is wrong. */
export interface RefusalHelp {
  /** What would have been right. */
  readonly expected?: readonly string[];
  /** One sentence for the person who has to act. */
  readonly help?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of the front door itself, where no wire has been reached. */
export function refusal(status: number, code: string, error: string, more: RefusalHelp = {}): Outbound {
  const { headers, ...members } = more;
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
    body: JSON.stringify({ error, code, ...members }),
  };
}
