import type { HouseReport } from "@cardea/authority";
import { systemClock } from "@cardea/core";
import { command, exitCodes } from "../command.js";
import { administratorVariables, environmentError, houseFromEnvironment } from "../first-administrator.js";
import { flagOf, options, type Given, type OptionRow } from "../options.js";
import type { Terminal } from "../terminal.js";
import { welcome } from "../welcome.js";

const own = [
  "data",
  "database",
  "house",
  "host",
  "port",
  "grpcPort",
  "httpPort",
  "publicUrl",
  "tlsCert",
  "tlsKey",
  "readyFile",
  "trustedProxy",
  "outbox",
  "credentialsOut",
] as const;

export const serve = command({
  summary: "Run an authority.",
  about: [
    "Runs an authority until Ctrl-C. It needs nothing but a folder: at the first start it makes its database, its " +
      "keys, a local CA and a certificate there.",
    "There is no default password. The first administrator comes from the house file, from the environment, or from " +
      "a link that is printed.",
  ],
  options: own,
  env: administratorVariables,
  async run(given, terminal) {
    const { jsonLog, startAuthority } = await import("@cardea/authority");
    const administrator = await applyEnvironment(given, terminal);
    const { data, trustedProxy, grpcPort: _, ...rest } = given;
    const authority = await startAuthority({
      ...rest,
      dataFolder: data,
      trustedProxies: trustedProxy,
      log: await jsonLog({ clock: systemClock, level: "warn" }),
    });
    try {
      const applied = [administrator, authority.house].filter((report) => report !== undefined);
      terminal.stdout.write(
        welcome({ ...rest, authority, applied, dataFolder: data, idle: idleOptions(given) }, terminal),
      );
      await stopped(terminal.signal);
    } finally {
      await authority.close();
    }
    terminal.stdout.write("Stopped.\n");
    return exitCodes.done;
  },
});

/** Before the house file, so that the file may say more of the same account. */
async function applyEnvironment(
  { data, database }: Pick<Given<(typeof own)[number]>, "data" | "database">,
  terminal: Terminal,
): Promise<HouseReport | undefined> {
  const house = houseFromEnvironment(terminal);
  if (house === undefined) return undefined;
  const { applyHouseFile } = await import("@cardea/authority");
  const location = { dataFolder: data, ...(database !== undefined && { database }) };
  return applyHouseFile({ ...location, house }).catch((error: unknown) => {
    throw environmentError(error);
  });
}

/** What was asked for and this version does not have. */
function idleOptions(given: Readonly<Record<string, unknown>>): string[] {
  return own.flatMap((name) => {
    const row: OptionRow = options[name];
    return row.idle === undefined || given[name] === undefined ? [] : [`--${flagOf(name)}: ${row.idle}`];
  });
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
