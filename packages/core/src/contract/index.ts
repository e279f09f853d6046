export { call } from "./call.js";
export type { Envelope, ErrorCase } from "./failures.js";
export type {
  AnyOperation,
  CallerOf,
  CaseOf,
  Exchange,
  InputOf,
  Method,
  Operation,
  OutputOf,
  Target,
  Wired,
} from "./operation.js";
export { empty, hedge, json, type Hedge, type ReplyPart, type RequestParts, type WireSchema } from "./parts.js";
export { reroute, wire, type InputFor, type RowParts, type WireDefinition } from "./wire.js";
