import { CardeaError, type AnyOperation, type Clock } from "@cardea/core";
import { BadRequest, readInput, writeOutput } from "@cardea/core/serve";
import { BodyLost, BodyTooLarge, type Inbound, type Outbound } from "../front/exchange.js";
import { errorFacts, type Log } from "../front/log.js";
import { readParameters } from "../front/parameters.js";
import { createRates } from "../front/rates.js";
import { createRouter } from "../front/router.js";
import type { Origin } from "../identity/audit.js";
import { acceptsTypeOf } from "./content-type.js";
import type { Dialect, Handler, Situation } from "./dialect.js";
import { compileRows, type Row } from "./rows.js";

/** What serving a dialect needs besides it. */
export interface ServeDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** True: requests are not counted. For tests. */
  readonly unlimited?: boolean;
}

/** Ends a request with one of the wire's cases. */
class Refusal extends Error {
  readonly case: string;
  readonly text: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(name: string, text?: string, headers: Readonly<Record<string, string>> = {}) {
    super(name);
    this.case = name;
    this.text = text;
    this.headers = headers;
  }
}

/** What a reply says by itself, by status. A wait that nobody knows better is a guess on the safe side. */
const usualHeaders: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": "Bearer" },
  429: { "retry-after": "60" },
  503: { "retry-after": "1" },
};

/**
 * The way of a request through a wire, the same for all of them: route, method, whether the wire is shut, rate, caller, content type, length,
 * form, handler. Each has its status, and the first that fails answers (404, 405, 429, 401 or 403, 415, 413, 400).
 *
 * The returned function rejects with `BodyLost` only. Everything else becomes a reply in the wire's own envelope; what
 * the wire has no name for is logged and answered as `internal`.
 *
 * @throws TypeError where the dialect has a row without a handler, gate or rate, or an error without a case
 */
export function serveDialect<Contract, Callers extends Record<string, unknown>>(
  dialect: Dialect<Contract, Callers>,
  deps: ServeDeps,
): (request: Inbound) => Promise<Outbound> {
  const { wire, errors, bodyLimit, rules } = dialect;
  const match = createRouter(compileRows(dialect));
  const rates = createRates(dialect.rates, deps.clock);

  const situation = (name: Situation, text?: string, headers?: Readonly<Record<string, string>>) =>
    new Refusal(errors.situations[name], text, headers);

  async function carryOut(row: Row, request: Inbound, path: Readonly<Record<string, string>>): Promise<Outbound> {
    const { op, name, gate, handler } = row;
    const closed = dialect.closed?.(name);
    if (closed !== undefined) throw new Refusal(closed);
    const isCounted = handler.rate !== "none" && deps.unlimited !== true;
    const wait = isCounted ? rates.take(handler.rate, request.network) : undefined;
    if (wait !== undefined) throw situation("rate_limited", undefined, { "retry-after": String(wait) });

    const passage = await gate(request, path);
    if ("refused" in passage) throw new Refusal(passage.refused);

    const body = await readBody(op, request);
    const { query, headers } = request;
    const input = readInput(op, { path, query, headers, body }, rules);
    const output = await handler.handler(input, {
      caller: passage.caller,
      request,
      origin: originOf(wire, name, passage.caller, request, handler),
      refuse: (refused: string, text?: string): never => {
        throw new Refusal(refused, text);
      },
    });
    const reply = writeOutput(op, output as never);
    return {
      ...reply,
      headers: { "cache-control": "no-store", ...(reply.body !== "" && { "content-type": "application/json" }) },
    };
  }

  /** A body of the wrong type is not worth reading, but whether there is one shows only at its end where it is chunked. */
  async function readBody(op: AnyOperation, request: Inbound): Promise<Uint8Array> {
    if (op.accepts === "nothing") return new Uint8Array();
    const isRightType = acceptsTypeOf(op.accepts, request);
    if (!isRightType && Number(request.headers["content-length"] ?? 0) > 0) throw situation("unsupported_type");
    const body = await request.body(bodyLimit).catch((error: unknown) => {
      throw error instanceof BodyTooLarge ? situation(isRightType ? "too_large" : "unsupported_type") : error;
    });
    if (!isRightType && body.length > 0) throw situation("unsupported_type");
    if (op.accepts === "form") {
      const form = readParameters(new TextDecoder().decode(body));
      if ("problem" in form) throw situation("malformed", form.text);
    }
    return body;
  }

  function refusalFor(error: unknown, request: Inbound, row: Row | undefined): Refusal {
    if (error instanceof Refusal && Object.hasOwn(errors.cases, error.case)) return error;
    if (error instanceof BadRequest) return situation("malformed", error.message);
    if (error instanceof CardeaError && (error.code === "busy" || error.code === "storage_busy")) {
      const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 0) / 1000));
      return situation("busy", undefined, { "retry-after": String(seconds) });
    }
    deps.log.error("request_failed", { id: request.id, wire, operation: row?.name, ...errorFacts(error) });
    return situation("internal");
  }

  function refused({ case: name, text, headers }: Refusal): Outbound {
    const found = errors.cases[name];
    if (found === undefined) throw new TypeError(`${wire} has no case ${name}`);
    const { status, code } = found;
    return {
      status,
      headers: {
        "cache-control": "no-store",
        "content-type": "application/json",
        ...usualHeaders[status],
        ...headers,
      },
      body: JSON.stringify(errors.envelope.write({ code, text: text ?? found.text, details: {} })),
    };
  }

  return async (request) => {
    const found = match(request.method, request.path);
    if (found === undefined) return refused(situation("not_found"));
    if ("allow" in found) {
      return refused(situation("method_not_allowed", undefined, { allow: found.allow.join(", ") }));
    }
    const row = found.target;
    try {
      return await carryOut(row, request, found.parts);
    } catch (error) {
      if (error instanceof BodyLost) throw error;
      return refused(refusalFor(error, request, row));
    }
  };
}

function originOf(
  wire: string,
  operation: string,
  caller: unknown,
  request: Inbound,
  handler: Pick<Handler<never, never>, "audit">,
): Origin {
  const actor = (caller as { readonly accountId?: unknown } | null | undefined)?.accountId;
  return {
    wire,
    operation,
    ...(typeof actor === "string" && { actor }),
    address: request.address,
    network: request.network,
    requestId: request.id,
    audits: handler.audit,
  };
}
