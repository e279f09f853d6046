import type { CallerOf, CaseOf, ErrorCase, InputOf, Operation, OutputOf } from "@cardea/core";
import type { ReadRules } from "@cardea/core/serve";
import type { Inbound } from "../front/exchange.js";
import type { AuditType, Origin } from "../identity/audit.js";

/** What a dialect is made of: a contract, a handler for every row of it, and who gets through to which. */
export interface Dialect<Contract, Callers extends Record<string, unknown>> {
  /** The wire's name: `mcias`. */
  readonly wire: string;
  readonly contract: Contract;
  readonly errors: WireErrors;
  readonly rules: ReadRules;
  /** Bytes of request body. Beyond it: `too_large`. */
  readonly bodyLimit: number;
  /** For each kind of caller: who it is, or why not. */
  readonly gate: { readonly [Caller in keyof Callers]: Gate<Callers[Caller]> };
  readonly handlers: Handlers<Contract, Callers>;
  /** Asked before rate and caller: the case that an operation is refused with while the wire is shut. */
  closed?(operation: string): string | undefined;
  /** For each name that a handler's `rate` says: how many requests one network may make. */
  readonly rates: Readonly<Record<string, Rate | "off">>;
}

/** The wire's error table and its names for what happens before a handler is reached. */
export interface WireErrors {
  readonly cases: Readonly<Record<string, ErrorCase>>;
  readonly envelope: {
    write(refusal: {
      readonly code: string;
      readonly text: string;
      readonly details: Readonly<Record<string, unknown>>;
    }): unknown;
  };
  readonly situations: Readonly<Record<Situation, string>>;
}

/** What can go wrong at any route of any wire. */
export type Situation =
  | "not_found"
  | "method_not_allowed"
  | "rate_limited"
  | "unsupported_type"
  | "too_large"
  | "malformed"
  | "busy"
  | "internal";

/** A bucket for each network, refilled continuously. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Finds out who calls. */
export type Gate<Caller> = (
  request: Inbound,
  path: Readonly<Record<string, string>>,
) => Promise<{ readonly caller: Caller } | { readonly refused: string }>;

/** One handler for every operation of a contract: a missing or wrongly typed one does not compile. */
export type Handlers<Contract, Callers extends Record<string, unknown>> = {
  readonly [Name in keyof Contract as Contract[Name] extends Operation<never, unknown> ? Name : never]: Handler<
    Contract[Name],
    Callers
  >;
};

export interface Handler<Op, Callers extends Record<string, unknown>> {
  /** The rate that its requests are counted against. */
  readonly rate: string | "none";
  /** The audit events that it may write. Writing another one is an error. */
  readonly audit: readonly AuditType[];
  readonly handler: (
    input: InputOf<Op>,
    context: Context<CaseOf<Op>, Callers[CallerOf<Op> & keyof Callers]>,
  ) => Promise<OutputOf<Op>>;
}

/** What a handler knows besides its input. */
export interface Context<Case extends string, Caller> {
  readonly caller: Caller;
  readonly request: Inbound;
  /** Who and from where, for the audit log. */
  readonly origin: Origin;
  /** Ends the request with one of the row's refusals. `text` replaces the standard one. */
  refuse(this: void, name: Case, text?: string): never;
}
