import type { Known } from "./known.js";
import type { Pattern } from "./pattern.js";

/** What a row cannot do without. */
export type Need = "administrator" | "totp" | "slow";

/** One line of the table: a sentence about the wire, and the exchanges that prove it. */
export interface Row {
  /** The number of the item in the wire document's list. */
  readonly item: number;
  /** At most 72 characters, so that it fits into a line. */
  readonly title: string;
  /** Nothing: anybody can run it, without an account. */
  readonly needs?: readonly Need[];
  readonly steps: readonly Step[];
  /** Sent at the end whatever happened before, and whatever is answered: puts back what the row changed. */
  readonly after?: readonly Exchange[];
}

/** Rows about one subject. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

export type Step = Exchange | Learn | Check | Wait | Condition | Codes;

/** A request and what must come back. */
export interface Exchange {
  /** Method and path: `DELETE /v1/accounts/{{worker.id}}`. */
  readonly send: string;
  /** Whose token goes along: `worker` is `Authorization: Bearer {{worker.token}}`. */
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A body, written as JSON. */
  readonly json?: unknown;
  /** A body as it is: text with `{{names}}`, or bytes. */
  readonly body?: string | Uint8Array;
  /** Sent so often, one after another; every answer must be as expected. */
  readonly times?: number;
  /** Sent so often at the same time. */
  readonly atOnce?: number;
  /** The name of a list: sent once for each of its items, which stands in it as `{{item}}`. */
  readonly each?: string;
  /** A 429 is an answer to this, not something to wait for. */
  readonly limited?: true;
  readonly expect: Expectation;
  /**
   * What is learnt, by name: a member of the JSON body, `.` for all of it, `#text` for its text, `@name` for a header. Of an exchange that is
   * sent more than once it is the list of all answers.
   */
  readonly keep?: Readonly<Record<string, string>>;
}

/** What an answer must be. */
export interface Expectation {
  /** One status, or those that may come; any where it is not given. */
  readonly status?: number | readonly number[];
  readonly headers?: Readonly<Record<string, Pattern>>;
  readonly json?: Pattern;
  /** The body, character by character. */
  readonly text?: string;
  /** How often each status came: `{ "200": 1, "401": 7 }`. */
  readonly tally?: Pattern;
}

/** Makes something new from what is known: a forged token, the claims of one. */
export interface Learn {
  readonly learn: Readonly<Record<string, (known: Known) => unknown>>;
}

/** Holds what is known against a pattern. */
export interface Check {
  readonly check: string;
  readonly of: (known: Known) => unknown;
  readonly is: Pattern;
}

/** Lets time pass. */
export interface Wait {
  readonly waitMs: number;
}

/** Ends the row as skipped where it does not hold. */
export interface Condition {
  readonly onlyIf: (known: Known) => boolean;
  readonly otherwise: string;
}

/** Learns codes of the second factor, by how many time steps they are away from now. */
export interface Codes {
  readonly codes: Readonly<Record<string, number>>;
}

/** The table of one wire, with what the runner must know of the wire. */
export interface Suite {
  readonly wire: string;
  readonly sections: readonly Section[];
  /** Tells whether the server is there at all; any answer will do. */
  readonly probe: string;
  /** How the administrator signs in: learns `administrator.token`. */
  readonly signIn: Exchange;
  readonly signOut: Exchange;
  /** What makes an account, and what takes the one with `{{id}}` away. */
  readonly accounts: { readonly made: string; readonly remove: string };
}
