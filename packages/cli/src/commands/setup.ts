import { CardeaError } from "@cardea/core";
import { command, exitCodes } from "../command.js";

export const setup = command({
  summary: "Print a link that makes the first administrator.",
  about: [
    "Prints a link that makes the first administrator. It works once, within a day. It can be asked for as long as " +
      "there is no administrator, by whoever may read the data folder; a new link ends the former one.",
    "While an authority runs on the data folder, its own link is printed.",
  ],
  options: ["data", "database", "publicUrl", "port"],
  async run({ data, port, publicUrl = `https://localhost:${port}`, ...location }, { stdout }) {
    const { setupLink } = await import("@cardea/authority");
    const link = await setupLink({ ...location, dataFolder: data, baseUrl: publicUrl.replace(/\/+$/, "") });
    if (link === undefined) {
      throw new CardeaError("there is an administrator already, so there is no link", {
        code: "administrator_exists",
        help: "Somebody who has forgotten a password gets a new one from a house file: cardea apply --help",
      });
    }
    stdout.write(`${link}\n`);
    return exitCodes.done;
  },
});
