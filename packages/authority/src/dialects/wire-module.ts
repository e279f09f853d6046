import type { Clock, Secret, WireSchema } from "@cardea/core";
import type { Log } from "../front/log.js";
import type { Mount } from "../front/exchange.js";
import type { TokenKeyLine } from "../identity/signing-key-states.js";
import type { SigningKeys } from "../identity/signing-keys.js";
import type { SignInDeps } from "../identity/sign-in.js";
import type { MigrationSet } from "../storage/migrations/migrate.js";
import type { HashPool } from "../workers/hash-pool.js";
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
  /** The keys of one of this wire's lines; made on first need. */
  signingKeys(line: TokenKeyLine): Promise<SigningKeys>;
}

/** What turning a section of the house file into what is kept of it needs. */
export interface KeepDeps<Section> {
  /** What is kept from before. */
  readonly former: Section | undefined;
  readonly hashes: HashPool;
  /** Gets a secret from where the file says it is. `path` is its place in the file. */
  secret(source: string | { readonly file: string } | { readonly env: string }, path: string): Promise<Secret>;
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
  /** The tables of what only this wire knows. */
  readonly migrations?: MigrationSet;
  /** Hashes the secrets of a section, so that none is stored as it is. What it gives fits the same schema. */
  keep?(section: Section, deps: KeepDeps<Section>): Promise<Section>;
  /** Where it is mounted: `/mcias`. */
  readonly prefix: string;
  /** What it signs with. */
  readonly keyLines: readonly TokenKeyLine[];
  /** Opens the wire with what the house file says of it, or with its defaults. */
  open(deps: WireDeps, section: Section | undefined): Promise<Mount>;
}
