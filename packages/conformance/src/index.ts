/**
 * The checks of each wire as a table of raw exchanges, to run against any server of that wire.
 *
 * @packageDocumentation
 */
export { conform, wires, type ConformOptions, type WireName } from "./conform.js";
export type { Detail, Report, RowReport } from "./report.js";
export type { RunOptions } from "./run.js";
export { parseCredentials, type Credentials } from "./credentials.js";
export { httpsWire, type HttpsWire } from "./wire/https.js";
export { WireError, type RawReply, type RawRequest, type Wire } from "./wire/wire.js";
