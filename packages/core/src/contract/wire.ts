import type { InferOutput } from "valibot";
import type { ReplyLimits, Repeat } from "../http.js";
import { decodeReply } from "./decode.js";
import { encodeRequest } from "./encode.js";
import type { Envelope, ErrorCase } from "./failures.js";
import type { Method, Operation, Wired } from "./operation.js";
import type { ReplyPart, RequestParts, WireSchema } from "./parts.js";

/** What all operations of one wire share. */
export interface WireDefinition<Cases extends Record<string, ErrorCase>, Caller extends string> {
  /** Every refusal of the wire by its finest name. The first with a status stands for that status. */
  readonly cases: Cases;
  readonly envelope: Envelope;
  /** Who may call an operation. */
  readonly callers: readonly Caller[];
  /** Bytes of reply body that a client reads. */
  readonly limits: ReplyLimits;
}

/** What a row may say. */
export interface RowParts {
  readonly json?: WireSchema | undefined;
  readonly form?: WireSchema | undefined;
  readonly query?: WireSchema | undefined;
  readonly headers?: WireSchema | undefined;
}

type Route = `${Method} /${string}`;

type Names<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

type PathPart<Path extends string> = [Names<Path>] extends [never]
  ? unknown
  : { path: { [Name in Names<Path>]: string } };

type Part<Key extends string, Schema> = Schema extends WireSchema
  ? undefined extends InferOutput<Schema>
    ? { [K in Key]?: Exclude<InferOutput<Schema>, undefined> }
    : { [K in Key]: InferOutput<Schema> }
  : unknown;

type Plain<T> = { [K in keyof T]: T[K] };

/** The input of a row, as a caller writes it: its parts by name. */
export type InputFor<Path extends string, Parts extends RowParts> = Plain<
  PathPart<Path> &
    Part<"json", Parts["json"]> &
    Part<"form", Parts["form"]> &
    Part<"query", Parts["query"]> &
    Part<"headers", Parts["headers"]>
>;

/**
 * Makes the function that writes the rows of one wire's contract.
 *
 * Each row is exported under the operation's name, states its route once, and serves both ends: a client encodes the
 * input and decodes the reply, a server reads the input and writes the reply (`@cardea/core/serve`).
 */
export function wire<const Cases extends Record<string, ErrorCase>, const Caller extends string>(
  definition: WireDefinition<Cases, Caller>,
) {
  return function op<
    const R extends Route,
    Output,
    const C extends Caller,
    Json extends WireSchema | undefined = undefined,
    Form extends WireSchema | undefined = undefined,
    Query extends WireSchema | undefined = undefined,
    Headers extends WireSchema | undefined = undefined,
    const Case extends Extract<keyof Cases, string> = never,
  >(
    route: R,
    row: {
      /** Who may call. Where it is `anyone`, a client sends no credential. */
      readonly caller: C;
      readonly json?: Json;
      readonly form?: Form;
      readonly query?: Query;
      readonly headers?: Headers;
      readonly reply: ReplyPart<Output>;
      /** The refusals that are peculiar to this operation. What the route, the caller or a broken body bring is the wire's. */
      readonly fails?: readonly Case[];
      /** `safe` for GET, else `never`, where not stated. */
      readonly repeat?: Repeat;
    },
  ): Operation<InputFor<R, { json: Json; form: Form; query: Query; headers: Headers }>, Output, Case, C> {
    const [method, path] = route.split(" ", 2) as [Method, string];
    const wired: Wired = {
      parts: partsOf(row),
      reply: row.reply,
      cases: definition.cases,
      envelope: definition.envelope,
      limits: definition.limits,
    };
    return operation({
      method,
      path,
      caller: row.caller,
      fails: row.fails ?? [],
      repeat: row.repeat ?? (method === "GET" ? "safe" : "never"),
      accepts: row.json !== undefined ? "json" : row.form !== undefined ? "form" : "nothing",
      wired,
    });
  };
}

/** The same operation under another route, for a server that puts it elsewhere. */
export function reroute<Op extends Operation<never, unknown>>(op: Op, route: string): Op {
  const match = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/.exec(route);
  if (match === null) throw new TypeError("a route is a method, a blank and a path, such as `GET /v1/health`");
  return operation({ ...op, method: match[1] as Method, path: match[2] as string }) as unknown as Op;
}

type Facts<Case extends string, Caller extends string> = Pick<
  Operation<never, unknown, Case, Caller>,
  "method" | "path" | "caller" | "fails" | "repeat" | "accepts" | "wired"
>;

function operation<Input, Output, Case extends string, Caller extends string>(
  facts: Facts<Case, Caller>,
): Operation<Input, Output, Case, Caller> {
  const self: Operation<Input, Output, Case, Caller> = {
    ...facts,
    route: `${facts.method} ${facts.path}`,
    encode: (input, target) => encodeRequest(self, input as Record<string, unknown>, target),
    decode: (reply, target) => decodeReply(self, reply, target) as Output,
  };
  return self;
}

function partsOf(row: RowParts): RequestParts {
  return {
    ...(row.json && { json: row.json }),
    ...(row.form && { form: row.form }),
    ...(row.query && { query: row.query }),
    ...(row.headers && { headers: row.headers }),
  };
}
