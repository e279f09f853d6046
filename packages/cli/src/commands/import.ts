import { existsSync } from "node:fs";
import { join } from "node:path";
import { archiveLines } from "../archive-lines.js";
import { command, exitCodes } from "../command.js";
import { shownPath } from "../shown-path.js";

export const importing = command({
  summary: "Fill an empty database with an exported house.",
  about: [
    "Fills an empty database with the house that a file holds: with all of it, or, where the file is not what was " +
      "exported, with nothing. The digest that is printed is that of the export.",
    "The master key of that house must be in the data folder before an authority starts.",
  ],
  positional: "archive",
  options: ["data", "database"],
  async run({ data, archive, ...location }, { stdout, cwd }) {
    const { importHouse } = await import("@cardea/authority");
    const summary = await importHouse({ ...location, dataFolder: data, file: archive });
    const key = join(data, "master.key");
    const shown = shownPath(key, cwd);
    stdout.write(
      archiveLines(
        "The house is here.",
        summary,
        existsSync(key)
          ? [`It opens with the master key that it was exported with: see that this is ${shown}.`]
          : [`Put the master key of the house at ${shown}, mode 0600.`],
      ),
    );
    return exitCodes.done;
  },
});
