import { CardeaError } from "@cardea/core";
import { codeOf } from "../keys/durable-file.js";

/** The house file says something that it must not. `what` names the place and what was expected, never what stood there. */
export function invalid(house: string, what: string): CardeaError {
  return new CardeaError(`${house}: ${what}`, {
    code: "house_invalid",
    help: "Correct this place of the house file and apply it again. Nothing was changed.",
  });
}

/** A file that is needed cannot be read. */
export function unreadable(what: string, error: unknown): CardeaError {
  return new CardeaError(`${what} cannot be read (${codeOf(error) ?? "unknown error"})`, {
    code: "house_unreadable",
    help: "Check the path, and that this user may read the file.",
  });
}

/** The house file wants what cannot be beside what there is. */
export function conflict(what: string): CardeaError {
  return new CardeaError(what, {
    code: "house_conflict",
    help: "Change one of the two and apply the house file again. Nothing was changed.",
  });
}
