import type { Clock } from "@cardea/core";
import * as contract from "@cardea/mcias/contract";
import type { SigningKeys } from "../../identity/signing-keys.js";
import type { SignInDeps } from "../../identity/sign-in.js";
import type { Dialect } from "../dialect.js";
import { accountHandlers } from "./accounts.js";
import { authHandlers } from "./auth.js";
import { gate, type Callers } from "./gate.js";
import { pgCredsHandlers } from "./pgcreds.js";
import type { LoginFacts } from "./policy.js";
import type { McIasSettings } from "./settings.js";
import { tokenHandlers } from "./token.js";
import { createTokens, type Tokens } from "./tokens.js";

/** What the dialect is given by the composition. */
export interface McIasDeps extends SignInDeps {
  readonly keys: SigningKeys;
  readonly settings: McIasSettings;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly rowId: () => string;
  readonly loginPolicy?: (facts: LoginFacts) => boolean;
}

/** What the handlers share. */
export interface McIas extends McIasDeps {
  readonly tokens: Tokens;
}

/** What the handlers of a dialect share. */
export function openMcias(deps: McIasDeps): McIas {
  return { ...deps, tokens: createTokens(deps) };
}

/** MCIAS (wire document), spoken over the identity core: the `seed` profile. */
export function mciasDialect(mcias: McIas): Dialect<typeof contract, Callers> {
  return {
    wire: "mcias",
    contract,
    errors: { ...contract.mcias, situations },
    // Section 1: unknown members, null for what is needed and deep nesting are errors; null for what is optional is absence.
    rules: { unknown: "refuse", nulls: "absent", json: { depth: 32, values: 10_000 } },
    bodyLimit: 1024 * 1024,
    gate: gate(mcias),
    rates: mcias.settings.rates,
    handlers: {
      ...authHandlers(mcias),
      ...tokenHandlers(mcias),
      ...accountHandlers(mcias),
      ...pgCredsHandlers(mcias),
    },
  };
}

/** Section 5: the wire's names for what can happen at any route. */
export const situations = {
  not_found: "not_found",
  method_not_allowed: "method_not_allowed",
  rate_limited: "rate_limited",
  unsupported_type: "unsupported_type",
  too_large: "too_large",
  malformed: "malformed",
  busy: "busy",
  internal: "internal",
} as const;
