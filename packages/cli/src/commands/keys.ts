import type { KeyFacts } from "@cardea/authority";
import { command, exitCodes } from "../command.js";
import { shownPath } from "../shown-path.js";
import { paintFor } from "../terminal.js";

/** A key on one line, its id last: ids are long and all the same length. */
function keyLine({ wire, algorithm, state, createdAt, kid }: KeyFacts): string {
  return [wire.padEnd(12), algorithm.padEnd(6), state.padEnd(9), new Date(createdAt).toISOString(), kid].join("  ");
}

export const keysList = command({
  summary: "List the keys that sign tokens and the audit log.",
  about: [
    "Lists every signing key with its wire, its state, when it was made, and its id. An active key signs, a retired one " +
      "verifies what it has signed, a withdrawn one does neither. It can be asked while an authority runs.",
  ],
  options: ["data", "database", "json"],
  async run({ data, json = false, ...location }, { stdout }) {
    const { listKeys } = await import("@cardea/authority");
    const keys = await listKeys({ ...location, dataFolder: data });
    stdout.write(json ? `${JSON.stringify(keys)}\n` : keys.map((key) => `${keyLine(key)}\n`).join(""));
    return exitCodes.done;
  },
});

export const keysRotate = command({
  summary: "Let a new key sign tokens from now on.",
  about: [
    "Gives every wire a new signing key. The former keys verify until their last token is over, so nobody is signed out.",
    "The MCIAS wire publishes one key and no key id: services that verify offline need the new one at once. Stop the " +
      "authority first; or let it rotate by itself: keys.rotateDays in the house file.",
  ],
  options: ["data", "database"],
  async run({ data, ...location }, { stdout }) {
    const { rotateKeys } = await import("@cardea/authority");
    const keys = await rotateKeys({ ...location, dataFolder: data });
    stdout.write(keys.map((key) => `${keyLine(key)}\n`).join(""));
    return exitCodes.done;
  },
});

export const keysWithdraw = command({
  summary: "End a signing key at once, with all that it has signed.",
  about: [
    "For a key that somebody else may know. Every token that it has signed is invalid from this moment; where it was the " +
      "active key, a new one is made. Services that verify offline know nothing of it until they have the new key.",
    "Stop an authority that has the data folder open first. Those that share a PostgreSQL database follow within seconds.",
  ],
  positional: "kid",
  options: ["data", "database"],
  async run({ data, ...given }, { stdout, env }) {
    const { withdrawSigningKey } = await import("@cardea/authority");
    const replacement = await withdrawSigningKey({ ...given, dataFolder: data });
    const { dim } = paintFor(stdout, env);
    stdout.write(replacement === undefined ? `${dim("Withdrawn.")}\n` : `${keyLine(replacement)}\n`);
    return exitCodes.done;
  },
});

export const keysRekey = command({
  summary: "Exchange the master key.",
  about: [
    "Makes a new master key, wraps the data keys in the database by it, and puts it in the place of the former one. Cut " +
      "off at any moment, the next start goes on by itself.",
    "The former key is gone then. Copy master.key before, if you mean to read older backups of the database; copy the " +
      "new one after, and to every other authority that shares the database.",
  ],
  options: ["data", "database", "reseal"],
  async run({ data, ...given }, { stdout, env, cwd }) {
    const { replaceMasterKey } = await import("@cardea/authority");
    await replaceMasterKey({ ...given, dataFolder: data });
    const { dim } = paintFor(stdout, env);
    stdout.write(
      `The master key in ${shownPath(data, cwd)} is a new one. ${dim("Back it up, apart from the database.")}\n`,
    );
    return exitCodes.done;
  },
});
