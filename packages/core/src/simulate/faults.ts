import type { SeededRandom } from "./random.js";

/** What can go wrong with one request. */
export type Fault =
  /** The connection is refused: nothing was sent, and the client can tell. */
  | "refused"
  /** The connection breaks before the server has seen the request. */
  | "reset_before"
  /** The connection breaks after the server has acted. */
  | "reset_after"
  /** The server has acted and its reply never comes. */
  | "lost_reply"
  /** The reply comes late. */
  | "delay"
  /** The server sees the request twice. The client gets the answer to the first. */
  | "duplicate"
  /** Something in front of the server answers 503. */
  | "unavailable";

/** How likely each fault is for one request, from 0 to 1. */
export type Faults = Readonly<Partial<Record<Fault, number>>>;

/** In the order in which they are drawn: another likelihood of one leaves the others as they were. */
const all: readonly Fault[] = [
  "refused",
  "reset_before",
  "reset_after",
  "lost_reply",
  "delay",
  "duplicate",
  "unavailable",
];

/** The faults of one request. */
export function drawFaults(faults: Faults, random: SeededRandom): ReadonlySet<Fault> {
  // Every fault is drawn, also one that never happens, so that each request uses up the same number of draws.
  return new Set(all.filter((fault) => random.chance(faults[fault] ?? 0)));
}
