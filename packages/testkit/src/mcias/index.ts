/**
 * A mock of the MCIAS service for tests of its clients (wire document, 6.6).
 *
 * @packageDocumentation
 */
export type { Fault, Faults, SeenRequest } from "../faults.js";
export { createMciasMock, type LoginFacts, type MciasMock, type MciasMockOptions, type MockAccount } from "./mock.js";
