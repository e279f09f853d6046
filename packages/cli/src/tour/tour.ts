import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority, totpCode } from "@cardea/authority";
import { systemClock } from "@cardea/core";
import { MciasClient } from "@cardea/mcias";
import { lineWidth, paintFor, wrap, type Terminal } from "../terminal.js";
import { newSecrets, writeHouse } from "./house.js";
import { Narrator } from "./narrator.js";
import { walk } from "./walk.js";
import { wordsAt } from "./words.js";

/**
 * Starts an authority in a temporary folder, walks through it, and removes it all.
 *
 * @param options.keep leaves the folder, and says where it is
 * @throws CardeaError `tour_unexpected`, `tour_stopped`, and what starting throws
 */
export async function takeTour(terminal: Terminal, { keep }: { readonly keep: boolean }): Promise<void> {
  const { stdout } = terminal;
  const { bold, green } = paintFor(stdout, terminal.env);
  const started = systemClock.elapsed();
  const folder = await mkdtemp(join(tmpdir(), "cardea-tour-"));
  try {
    const steps = await tourIn(folder, terminal);
    const seconds = ((systemClock.elapsed() - started) / 1000).toFixed(1);
    stdout.write(
      `\n${green(`All ${steps} steps went as they should`)}, in ${seconds} s: every operation of MCIAS, and one\n`,
    );
    stdout.write("refusal of each kind that a caller can cause.\n");
  } finally {
    if (keep) stdout.write(`\n${bold("Kept")}\n${rows(kept(folder))}`);
    else await rm(folder, { recursive: true, force: true });
  }
  stdout.write(`\n${bold("Next")}\n${rows(next)}`);
}

/** @returns how many steps it had */
async function tourIn(folder: string, terminal: Terminal): Promise<number> {
  const secrets = newSecrets();
  const house = await writeHouse(folder, secrets);
  const authority = await startAuthority({ dataFolder: join(folder, "data"), house, port: 0 });
  try {
    const { urls, caCert } = authority;
    const { mcias: serverUrl = "" } = urls;
    const introduction =
      `An authority answers at ${serverUrl}. It was made from a house file with two people, root and otto, and keeps ` +
      "its data in a temporary folder. Each line below is one call of the MCIAS client, over TLS.";
    terminal.stdout.write(`${wrap(introduction, lineWidth).join("\n")}\n`);

    const narrator = new Narrator(terminal);
    const trust = caCert === undefined ? {} : { caCertPath: caCert };
    await walk({
      narrator,
      secrets,
      client: (token) => new MciasClient({ serverUrl, ...trust, ...(token !== undefined && { token }) }),
      code: () => totpCode(secrets.ottoTotp, systemClock.now()),
      words: wordsAt(systemClock),
    });
    return narrator.steps;
  } finally {
    await authority.close();
  }
}

const next = {
  "npx cardea serve": "an authority of your own",
  "npx cardea serve --help": "what it can be told",
};

function kept(folder: string): Readonly<Record<string, string>> {
  return {
    [folder]: "the house file and the secrets",
    [`npx cardea serve --data ${join(folder, "data")}`]: "starts it again",
  };
}

function rows(texts: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(texts).map((key) => key.length));
  const lines = Object.entries(texts).map(([key, text]) => `  ${key.padEnd(width)}   ${text}\n`);
  return lines.join("");
}
