import type { HttpReply, HttpRequest, Repeat, ReplyLimits } from "../http.js";
import type { Secret } from "../secret.js";
import type { ErrorCase, Envelope } from "./failures.js";
import type { ReplyPart, RequestParts } from "./parts.js";

/** Where a request goes, as whom, and how its reply is read. */
export interface Target {
  /** With path, without a slash at the end. */
  readonly baseUrl: string;
  /** The value of `Authorization`, scheme included. Never sent to an operation whose caller is `anyone`. */
  readonly credential?: Secret;
  /** `strict` refuses members of a reply that the contract does not know, `lenient` leaves them out. */
  readonly decoding: "strict" | "lenient";
  /** Hears the path of each member that lenient decoding left out. */
  readonly ignored?: (path: string) => void;
}

/** One request and its reply as two pure functions. REST and gRPC operations share this shape. */
export interface Exchange<Input, Output> {
  /** Method and path template: what traces and errors show. */
  readonly route: string;
  /** @throws InputError where the input cannot become a request */
  encode(input: Input, target: Target): HttpRequest;
  /**
   * @throws RefusedError where the service says no
   * @throws DecodeError where the reply breaks the contract
   */
  decode(reply: HttpReply, target: Target): Output;
}

/** One row of a REST contract. */
export interface Operation<
  Input,
  Output,
  Case extends string = string,
  Caller extends string = string,
> extends Exchange<Input, Output> {
  readonly method: Method;
  /** The path template, such as `/v1/accounts/{id}`. */
  readonly path: string;
  /** Who may call. */
  readonly caller: Caller;
  /** The refusals that are peculiar to this operation, by their finest name. */
  readonly fails: readonly Case[];
  readonly repeat: Repeat;
  /** The form of the request's body. */
  readonly accepts: "json" | "form" | "nothing";
  /** Schemas and error table, for the two ends only. */
  readonly wired: Wired;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a row holds for `encode`, `decode` and the serving end. Opaque to everybody else. */
export interface Wired {
  readonly parts: RequestParts;
  readonly reply: ReplyPart;
  readonly cases: Readonly<Record<string, ErrorCase>>;
  readonly envelope: Envelope;
  readonly limits: ReplyLimits;
}

export type AnyOperation = Operation<never, unknown, string, string>;

/** What a caller gives to the operation. */
export type InputOf<Op> = Op extends Operation<infer Input, infer _Output, string, string> ? Input : never;
/** What the operation gives back. */
export type OutputOf<Op> = Op extends Operation<never, infer Output, string, string> ? Output : never;
/** The refusals of the operation, by name. */
export type CaseOf<Op> = Op extends Operation<never, unknown, infer Case, string> ? Case : never;
export type CallerOf<Op> = Op extends Operation<never, unknown, string, infer Caller> ? Caller : never;
