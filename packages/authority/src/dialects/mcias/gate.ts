import { administrator } from "../../identity/roles.js";
import type { Inbound } from "../../front/exchange.js";
import type { Dialect, Gate } from "../dialect.js";
import { bearerOf } from "./bearer.js";
import type { McIas } from "./dialect.js";
import { idFrom } from "./ids.js";
import type { VerifiedToken } from "./tokens.js";

/** What a handler knows of its caller, for each kind of caller that the contract names. */
export type Callers = {
  readonly anyone: undefined;
  readonly bearer_if_any: { readonly bearer: string | undefined };
  readonly bearer: VerifiedToken;
  readonly administrator: VerifiedToken;
  readonly administrator_or_self: VerifiedToken;
  readonly administrator_or_delegate: VerifiedToken;
  readonly administrator_self_or_delegate: VerifiedToken;
};

type Passage = { readonly caller: VerifiedToken } | { readonly refused: string };

/** Who gets through to which operation (section 2). A role is what the token says, not what the account has by now. */
export function gate(mcias: McIas): Dialect<unknown, Callers>["gate"] {
  async function bearer(request: Inbound): Promise<Passage> {
    const token = bearerOf(request);
    if (token === undefined) return { refused: "authentication_required" };
    const caller = await mcias.tokens.verify(token, mcias.clock.now());
    return caller === undefined ? { refused: "invalid_token" } : { caller };
  }

  async function having(request: Inbound, allowed: (caller: VerifiedToken) => boolean): Promise<Passage> {
    const passage = await bearer(request);
    return "refused" in passage || allowed(passage.caller) ? passage : { refused: "insufficient_role" };
  }

  const administers = (caller: VerifiedToken) => caller.roles.includes(administrator);
  const administrators: Gate<VerifiedToken> = (request) => having(request, administers);
  const orSelf: Gate<VerifiedToken> = (request, path) =>
    having(request, (caller) => administers(caller) || caller.subject === idFrom(path["id"] ?? ""));
  return {
    anyone: () => Promise.resolve({ caller: undefined }),
    bearer_if_any: (request) => Promise.resolve({ caller: { bearer: bearerOf(request) } }),
    bearer,
    administrator: administrators,
    administrator_or_self: orSelf,
    // In the seed nothing is delegated.
    administrator_or_delegate: administrators,
    administrator_self_or_delegate: orSelf,
  };
}
