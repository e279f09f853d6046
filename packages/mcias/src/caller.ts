import type { Operation, Secret } from "@cardea/core";
import type { WireToken } from "./contract.js";
import type { TokenResult } from "./results.js";

/** What one exchange has besides its input. */
export interface Exchange {
  readonly signal?: AbortSignal | undefined;
  /** What the request holds and no error may show. */
  readonly secrets?: readonly (string | Secret)[];
  /** As whom. */
  readonly token?: Secret;
}

/** How the rooms of this package call through a client: its server, its token, its errors. */
export interface Caller {
  /** With the token that the client holds. @throws MciasAuthError where it holds none */
  holding<Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    exchange: Omit<Exchange, "token">,
  ): Promise<Output>;
  /** Without a token. */
  plainly<Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    exchange: Omit<Exchange, "token">,
  ): Promise<Output>;
  /** A login: one after another with those of the client itself, which holds what comes of it. */
  signingIn<Input>(
    operation: Operation<Input, WireToken>,
    input: Input,
    exchange: Omit<Exchange, "token">,
  ): Promise<TokenResult>;
}

const callers = new WeakMap<object, Caller>();

/** Makes a client known here. Nobody outside the package gets at its token by this. */
export function introduce(client: object, caller: Caller): void {
  callers.set(client, caller);
}

/** @throws TypeError for what is no client of this package */
export function callerOf(client: object): Caller {
  const caller = callers.get(client);
  if (caller === undefined) throw new TypeError("expected a MciasClient of this package");
  return caller;
}
