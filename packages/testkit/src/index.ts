/**
 * The Cardea authority for your own tests: in memory or on sockets, with a clock that can be turned and faults that can
 * be planted.
 *
 * @packageDocumentation
 */
export { totpCode } from "@cardea/authority";
export { manualClock, type ManualClock } from "@cardea/core";
export type { Fault, Faults, SeenRequest } from "./faults.js";
export type { TestFetch } from "./fetch.js";
export { startHouse, type House, type HouseOptions } from "./house.js";
