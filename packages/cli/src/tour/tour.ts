import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority, totpCode } from "@cardea/authority";
import { systemClock } from "@cardea/core";
import { MciasClient } from "@cardea/mcias";
import { exitCodes } from "../command.js";
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
export async function takeTour(terminal: Terminal, { keep }: { readonly keep: boolean }): Promise<number> {
  const clock = systemClock;
  const started = clock.elapsed();
  const folder = await mkdtemp(join(tmpdir(), "cardea-tour-"));
  const say = (text: string) => terminal.stdout.write(`${wrap(text, lineWidth).join("\n")}\n`);
  try {
    const secrets = newSecrets();
    const dataFolder = join(folder, "data");
    const authority = await startAuthority({ dataFolder, house: await writeHouse(folder, secrets), port: 0 });
    const narrator = new Narrator(terminal);
    try {
      const {
        urls: { mcias: serverUrl = "" },
        caCert,
      } = authority;
      say(
        `An authority answers at ${serverUrl}. It was made from a house file with two people, root and otto, and keeps ` +
          "its data in a temporary folder. Each line below is one call of the MCIAS client, over TLS.",
      );
      const client = (token?: string) =>
        new MciasClient({
          serverUrl,
          ...(caCert !== undefined && { caCertPath: caCert }),
          ...(token !== undefined && { token }),
        });
      await walk({
        narrator,
        secrets,
        client,
        code: () => totpCode(secrets.ottoTotp, clock.now()),
        words: wordsAt(clock),
      });
    } finally {
      await authority.close();
    }
    const seconds = ((clock.elapsed() - started) / 1000).toFixed(1);
    const { green, bold } = paintFor(terminal.stdout, terminal.env);
    terminal.stdout.write(`\n${green(`All ${narrator.steps} steps went as they should`)}, in ${seconds} s.\n`);
    terminal.stdout.write(keep ? keptWords(folder, dataFolder) : "The authority and its folder are gone again.\n");
    terminal.stdout.write(
      `\n${bold("Next")}\n  npx cardea serve          an authority of your own\n  npx cardea serve --help   what it can be told\n`,
    );
    return exitCodes.done;
  } finally {
    if (!keep) await rm(folder, { recursive: true, force: true });
  }
}

function keptWords(folder: string, dataFolder: string): string {
  return `Its house file and the passwords are in ${folder}.\nStart it again: npx cardea serve --data ${dataFolder}\n`;
}
