import { read } from "./contract/read.js";
import type { InputOf, Operation, OutputOf } from "./contract/operation.js";
import type { WireSchema } from "./contract/parts.js";
import { CardeaError } from "./errors.js";
import { JsonSyntaxError, parseJson, type JsonLimits } from "./json.js";

/**
 * The serving end of a contract: reads a request through the very rows that a client writes it with, and writes
 * replies through their schemas, so that a member which the contract does not name never leaves.
 */

export { JsonSyntaxError, parseJson, type JsonLimits } from "./json.js";
export { read, type Mismatch, type Reading } from "./contract/read.js";

/** A request as it came in, after routing. Bodies are whole and within the front door's limits. */
export interface Received {
  /** The parts of the path template, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** How strictly a wire reads requests. */
export interface ReadRules {
  /** `refuse`: a member that the row does not know is an error. */
  readonly unknown: "refuse" | "ignore";
  /** `absent`: a JSON null in place of an optional member counts as not being there. */
  readonly nulls: "absent" | "value";
  /** How deep a JSON body may nest, and how many values it may hold. */
  readonly json: JsonLimits;
}

/** The request breaks the contract. The message names the place and what was expected, never what stood there. */
export class BadRequest extends CardeaError {
  override readonly name: string = "BadRequest";

  constructor(message: string) {
    super(message, { code: "bad_request", status: 400 });
  }
}

/** Reads the input of an operation. @throws BadRequest */
export function readInput<Op extends Operation<never, unknown>>(
  op: Op,
  received: Received,
  rules: ReadRules,
): InputOf<Op> {
  const { json, form, query, headers } = op.wired.parts;
  const input: Record<string, unknown> = {};
  if (op.path.includes("{")) input["path"] = received.path;
  if (json !== undefined) assign(input, "json", json, jsonBody(received.body, rules.json), rules);
  if (form !== undefined) assign(input, "form", form, formBody(received.body), rules);
  // Query and header members that a row does not name mean nothing to it.
  if (query !== undefined) assign(input, "query", query, received.query, { ...rules, unknown: "ignore" });
  if (headers !== undefined) assign(input, "headers", headers, received.headers, { ...rules, unknown: "ignore" });
  return input as InputOf<Op>;
}

/** The body of a successful reply: what the row's schema keeps of the output. Empty for a reply without body. */
export function writeOutput<Op extends Operation<never, unknown>>(
  op: Op,
  output: OutputOf<Op>,
): { readonly status: number; readonly body: string } {
  const { status, schema } = op.wired.reply;
  if (schema === undefined) return { status, body: "" };
  const reading = read(schema, output, () => undefined);
  if ("mismatch" in reading) {
    throw new TypeError(
      `${op.route}: the handler's ${reading.mismatch.path || "output"} is not ${reading.mismatch.expected}`,
    );
  }
  return { status, body: JSON.stringify(reading.value) };
}

function assign(
  input: Record<string, unknown>,
  part: string,
  schema: WireSchema,
  came: unknown,
  rules: ReadRules,
): void {
  const value = rules.nulls === "absent" ? withoutNulls(schema, came) : came;
  const reading = read(schema, value, rules.unknown === "refuse" ? undefined : () => undefined);
  if ("mismatch" in reading) {
    const { path, expected } = reading.mismatch;
    throw new BadRequest(path === "" ? `malformed request: expected ${expected}` : `${path}: expected ${expected}`);
  }
  if (reading.value !== undefined) input[part] = reading.value;
}

function jsonBody(body: Uint8Array, limits: JsonLimits): unknown {
  if (body.length === 0) return undefined;
  try {
    return parseJson(body, limits);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new BadRequest(`malformed request: ${error.message}`);
    throw error;
  }
}

/** Repeated parameters never come this far: the front door refuses them. */
function formBody(body: Uint8Array): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(new TextDecoder().decode(body)));
}

/** What a schema tells about the members of an object, where it is one. */
interface ObjectSchema {
  readonly entries: Readonly<Record<string, WireSchema>>;
}

/** Leaves out each null that stands where the schema has an optional member. Everywhere else a null is what it is. */
function withoutNulls(schema: WireSchema, value: unknown): unknown {
  const entries = (unwrapped(schema) as Partial<ObjectSchema>).entries;
  if (entries === undefined || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const kept = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) {
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (member === null && entry?.type === "exact_optional") continue;
    kept[name] = entry === undefined ? member : withoutNulls(entry, member);
  }
  return kept;
}

function unwrapped(schema: WireSchema): WireSchema {
  const inner = (schema as { readonly wrapped?: WireSchema }).wrapped;
  return inner === undefined ? schema : unwrapped(inner);
}
