import type { GenericSchema, InferOutput } from "valibot";

/** A part of a request or reply as the wire has it: what comes out of the schema is what went in. */
export type WireSchema<Value = unknown> = GenericSchema<unknown, Value>;

/** The parts of a request besides its path. */
export interface RequestParts {
  readonly json?: WireSchema;
  readonly form?: WireSchema;
  readonly query?: WireSchema;
  readonly headers?: WireSchema;
}

/** The successful reply of an operation. */
export interface ReplyPart<Output = unknown> {
  readonly kind: "json" | "empty";
  readonly status: number;
  /** Statuses that mean the same when a foreign server answers with them. */
  readonly tolerates: readonly number[];
  readonly schema?: WireSchema<Output>;
  /** Other forms of the same reply that foreign servers are known to send. Read, never written. */
  readonly hedges: readonly Hedge<Output>[];
}

/** A second form of a reply, every bit as strict as the first, and how it becomes the first. */
export interface Hedge<Output> {
  readonly schema: WireSchema;
  adapt(value: unknown): Output;
}

/** A JSON reply. */
export function json<Schema extends WireSchema>(
  schema: Schema,
  more: {
    readonly status?: number;
    readonly tolerates?: readonly number[];
    readonly hedges?: readonly Hedge<InferOutput<Schema>>[];
  } = {},
): ReplyPart<InferOutput<Schema>> {
  return {
    kind: "json",
    status: more.status ?? 200,
    tolerates: more.tolerates ?? [],
    schema: schema as WireSchema<InferOutput<Schema>>,
    hedges: more.hedges ?? [],
  };
}

/** A reply without a body. A 200 with nothing or with `{}` in it is taken for the same. */
export function empty(status = 204): ReplyPart<void> {
  return { kind: "empty", status, tolerates: [200], hedges: [] };
}

/** A second form of a reply, and how it becomes the first. */
export function hedge<Schema extends WireSchema, Output>(
  schema: Schema,
  adapt: (value: InferOutput<Schema>) => Output,
): Hedge<Output> {
  return { schema, adapt: (value) => adapt(value as InferOutput<Schema>) };
}
