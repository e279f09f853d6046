/**
 * Deterministic simulation: programs written over the port, in virtual time, with faults, replayed from one number.
 *
 * @packageDocumentation
 */
export { explore, SeedFailure } from "./explore.js";
export type { Fault, Faults } from "./faults.js";
export type { Span } from "./network.js";
export { SeededRandom } from "./random.js";
export type { VirtualStore } from "./store.js";
export {
  simulate,
  StuckError,
  World,
  type HostHandler,
  type Outcome,
  type Process,
  type ProcessOptions,
  type WorldOptions,
} from "./world.js";
