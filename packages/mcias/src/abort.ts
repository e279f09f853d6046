import { untilAborted } from "@cardea/core";
import { MciasTransportError } from "./errors.js";

/**
 * What the work gives, unless the signal fires first: then only this caller stops waiting, and the work goes on. Where
 * the signal has fired already, nothing is started.
 *
 * @throws MciasTransportError `aborted`
 */
export async function unlessAborted<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
  if (signal === undefined) return start();
  // The reason of the caller's signal may hold anything, so it does not become part of the error.
  const aborted = () => new MciasTransportError("aborted by the caller", { code: "aborted" });
  if (signal.aborted) throw aborted();
  try {
    return await untilAborted(start(), signal);
  } catch (error) {
    throw signal.aborted ? aborted() : error;
  }
}
