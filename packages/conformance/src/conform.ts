import { mcias } from "./mcias/suite.js";
import type { Report } from "./report.js";
import type { Suite } from "./row.js";
import { runSuite, type RunOptions } from "./run.js";
import { httpsWire } from "./wire/https.js";
import type { Wire } from "./wire/wire.js";

/** Every wire that has a table. */
const suites = { mcias } as const satisfies Readonly<Record<string, Suite>>;

/** The name of a wire that has a table. */
export type WireName = keyof typeof suites;

/** The wires that can be checked. */
export const wires: readonly WireName[] = Object.keys(suites) as WireName[];

export interface ConformOptions extends RunOptions {
  readonly wire: WireName;
  /** Base URL of the server, with the path that the wire is mounted under. */
  readonly url: string;
  /** PEM text: the only trust anchors; without it those of the runtime. */
  readonly ca?: string;
  /** In place of HTTPS to `url`: a server in memory, or a line that breaks things. */
  readonly send?: Wire;
}

/**
 * Runs the table of a wire against a server. Every row stands alone and takes away the accounts that it made. Where the
 * server's rate limit asks to wait, it waits.
 *
 * @throws InputError for a URL or a CA that cannot be used
 * @throws TransportError `connection_failed` where nobody answers when it starts
 * @throws CardeaError `sign_in_failed` where the administrator cannot sign in
 */
export async function conform(options: ConformOptions): Promise<Report> {
  const suite = suites[options.wire];
  if (options.send !== undefined) return runSuite(suite, { url: options.url, send: options.send }, options);
  const https = httpsWire(options.url, options.ca);
  try {
    return await runSuite(suite, { url: options.url, send: https.send }, options);
  } finally {
    https.close();
  }
}
