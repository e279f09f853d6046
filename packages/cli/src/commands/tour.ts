import { command, exitCodes } from "../command.js";

export const tour = command({
  summary: "Walk through a running authority, step by step.",
  about: [
    "Starts an authority on a free port, with a database in a temporary folder, and talks to it as a program would: " +
      "over TLS, through the MCIAS client and nothing else. Every step is printed with what came back. At the end " +
      "everything is removed.",
  ],
  options: ["keep"],
  async run({ keep = false }, terminal) {
    const { takeTour } = await import("../tour/tour.js");
    await takeTour(terminal, { keep });
    return exitCodes.done;
  },
});
