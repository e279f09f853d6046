import { command, exitCodes } from "../command.js";
import { houseLines } from "../house-lines.js";
import { paintFor } from "../terminal.js";

export const apply = command({
  summary: "Apply a house file to a data folder.",
  about: [
    "Makes accounts and settings what the house file says: all of it, or, where anything is refused, nothing. Applied " +
      "again it changes nothing. What it does not name stays as it is.",
    'Passwords and TOTP secrets stand in the house file as { "file": PATH }, { "env": VARIABLE } or { "generate": ' +
      "true }. Stop the authority first; or give it the file with --house when it starts.",
  ],
  positional: "house",
  options: ["data", "database", "dryRun", "credentialsOut"],
  async run({ data, ...given }, { stdout, env, cwd }) {
    const { applyHouseFile } = await import("@cardea/authority");
    const house = await applyHouseFile({ ...given, dataFolder: data });
    const lines = houseLines(house, { cwd, ...given });
    stdout.write(`${[...lines, paintFor(stdout, env).dim(closing(given.dryRun))].join("\n")}\n`);
    return exitCodes.done;
  },
});

function closing(dryRun = false): string {
  return dryRun ? "This was a dry run: nothing was changed." : "Done.";
}
