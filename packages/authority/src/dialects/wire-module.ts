import type { Clock, WireSchema } from "@cardea/core";
import type { Log } from "../front/log.js";
import type { Mount } from "../front/exchange.js";
import type { SigningKeys } from "../identity/signing-keys.js";
import type { SignInDeps } from "../identity/sign-in.js";
import type { SigningAlgorithm } from "../keys/signing.js";
import type { LoginFacts } from "./mcias/policy.js";

/** What the composition gives to every wire. */
export interface WireDeps extends SignInDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Makes ids that the wire shows. */
  readonly uuid: () => string;
  /** Makes ids that stay in the database. */
  readonly rowId: () => string;
  /** Asked besides the rules of the house, of whoever has the right credentials. For tests. */
  readonly loginPolicy?: (facts: LoginFacts) => boolean;
  /** True: requests are not counted, whatever the house says. For tests. */
  readonly unlimited?: boolean;
  /** The keys that this wire signs with; made on first need. */
  signingKeys(wire: string, algorithm: SigningAlgorithm): Promise<SigningKeys>;
}

/**
 * All that the composition knows of a wire: one of these beside the dialect's code, and one line in `registry.ts`.
 *
 * `Section` is the wire's part of the house file.
 */
export interface WireModule<Section> {
  /** As in the ready file: `mcias`. */
  readonly wire: string;
  /** Its key in the house file. */
  readonly section: string;
  /** What may stand under that key. Strict: an unknown key is refused with its path. */
  readonly schema: WireSchema<Section>;
  /** Where it is mounted: `/mcias`. */
  readonly prefix: string;
  /** Opens the wire with what the house file says of it, or with its defaults. */
  open(deps: WireDeps, section: Section | undefined): Promise<Mount>;
}
