import { CardeaError } from "@cardea/core";

/** A command line that means nothing. `code` is `wrong_usage`; the process ends with 2. */
export class UsageError extends CardeaError {
  override readonly name: string = "UsageError";

  /** @param command the command whose help tells more; all of the help where it is not given */
  constructor(message: string, command?: string) {
    super(message, {
      code: "wrong_usage",
      help: `Read: ${["cardea", command, "--help"].filter((part) => part !== undefined).join(" ")}`,
    });
  }
}
