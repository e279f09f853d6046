import type { AnyOperation } from "@cardea/core";
import type { Route } from "../front/router.js";
import type { Context, Dialect, Gate, Handler } from "./dialect.js";

/** An operation with all that serves it. */
export interface Row {
  /** Its name in the contract. */
  readonly name: string;
  readonly op: AnyOperation;
  readonly gate: Gate<unknown>;
  readonly handler: ErasedHandler;
}

/** A handler whose types the compiler has checked against its row, and that a table can hold. */
export interface ErasedHandler extends Pick<Handler<AnyOperation, Record<string, unknown>>, "rate" | "audit"> {
  readonly handler: (input: unknown, context: Context<string, unknown>) => Promise<unknown>;
}

/**
 * Puts the tables of a dialect together, one row an operation.
 *
 * @throws TypeError where an operation lacks its handler, gate or rate, or an error of the wire its case: a gap shows at
 * start, and never as a door that stands open
 */
export function compileRows<Contract, Callers extends Record<string, unknown>>(
  dialect: Dialect<Contract, Callers>,
): readonly Route<Row>[] {
  const { wire, errors } = dialect;
  const gates: Readonly<Record<string, Gate<unknown>>> = dialect.gate;
  const handlers = dialect.handlers as Readonly<Record<string, ErasedHandler>>;
  for (const [situation, name] of Object.entries(errors.situations)) {
    if (!Object.hasOwn(errors.cases, name)) throw new TypeError(`${wire}: ${situation} stands for no case of the wire`);
  }
  return Object.entries(dialect.contract as Readonly<Record<string, unknown>>).flatMap(([name, op]) => {
    if (!isOperation(op)) return [];
    const handler = own(handlers, name) ?? missing(`${wire}: ${name} has no handler`);
    const gate = own(gates, op.caller) ?? missing(`${wire}: ${name} has no gate for ${op.caller}`);
    if (handler.rate !== "none" && !Object.hasOwn(dialect.rates, handler.rate)) {
      missing(`${wire}: ${name} has no rate ${handler.rate}`);
    }
    return [{ method: op.method, path: op.path, target: { name, op, gate, handler } }];
  });
}

/** A contract's module also exports what its operations share. */
function isOperation(value: unknown): value is AnyOperation {
  return typeof value === "object" && value !== null && "route" in value && "wired" in value;
}

function own<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function missing(what: string): never {
  throw new TypeError(what);
}
