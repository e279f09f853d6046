import { join } from "node:path";
import { archiveLines } from "../archive-lines.js";
import { command, exitCodes } from "../command.js";
import { shownPath } from "../shown-path.js";

export const exporting = command({
  summary: "Write a house to a file, for another database.",
  about: [
    "Writes everything that the database of a house holds to a new file: accounts, keys, tokens, the audit log. What " +
      "is sealed stays sealed. An embedded database is exported while nobody serves it; PostgreSQL at any time.",
    "The master key is not in the file. Carry it by hand, and on another way than the file.",
    "With --verify the file is read instead: whether it is whole, and what is in it.",
  ],
  positional: "archive",
  options: ["data", "database", "verify"],
  async run({ data, archive, verify = false, ...location }, { stdout, cwd }) {
    const { exportHouse, verifyArchive } = await import("@cardea/authority");
    const shown = shownPath(archive, cwd);
    if (verify) {
      stdout.write(archiveLines(`${shown} is whole.`, await verifyArchive(archive)));
      return exitCodes.done;
    }
    const summary = await exportHouse({ ...location, dataFolder: data, file: archive });
    const key = shownPath(join(data, "master.key"), cwd);
    stdout.write(
      archiveLines(`The house is in ${shown}.`, summary, [
        `The master key is not: carry ${key} by hand. Without it nothing`,
        "that is sealed can be opened.",
      ]),
    );
    return exitCodes.done;
  },
});
