import { callerOf } from "../caller.js";
import type { MciasClient } from "../client.js";
import { accountCalls, type AccountCalls } from "./account-calls.js";
import { delegationCalls, type DelegationCalls } from "./delegation-calls.js";
import { houseCalls, type HouseCalls } from "./house-calls.js";
import { ssoCalls, type SsoCalls } from "./sso-calls.js";
import { webauthnCalls, type WebauthnCalls } from "./webauthn-calls.js";

/** Everything that MCIAS has beyond the seed (wire document, 8), for servers that serve it. */
export type ExtendedClient = AccountCalls & DelegationCalls & HouseCalls & SsoCalls & WebauthnCalls;

/**
 * The operations beyond the seed, over a client: its server, its token, its errors. A server of the `seed` profile
 * answers every one of them with `MciasNotFoundError`.
 *
 * @throws TypeError for what is no `MciasClient` of this package
 */
export function extendedClient(client: MciasClient): ExtendedClient {
  const caller = callerOf(client);
  return {
    ...accountCalls(caller),
    ...delegationCalls(caller),
    ...houseCalls(caller),
    ...ssoCalls(caller),
    ...webauthnCalls(caller),
  };
}
