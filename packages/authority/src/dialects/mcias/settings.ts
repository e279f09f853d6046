import type { Rate } from "../dialect.js";
import type { PolicyRule } from "./policy.js";

/** How this authority speaks MCIAS. */
export interface McIasSettings {
  /** `seed`: replies carry exactly the members of section 2. `extended`: also the later ones. */
  readonly profile: "seed" | "extended";
  /** Seconds that a token lives, by whose it is (section 3). At most a year. */
  readonly lifetimes: { readonly human: number; readonly administrator: number; readonly system: number };
  /** `login` holds for every route that tries a password or finishes a login, each with a bucket of its own. */
  readonly rates: { readonly login: Rate | "off"; readonly validate: Rate | "off"; readonly unseal: Rate | "off" };
  /** The roles that may be given; absent: any name. */
  readonly roles?: readonly string[];
  readonly policy: readonly PolicyRule[];
  /** Argon2id of the vault's passphrase, in PHC form. Absent: the vault cannot be sealed. */
  readonly vaultHash?: string;
}

const hour = 3_600;

/** The longest lifetime that may be set (section 3). */
export const longestLifetime = 8_760 * hour;

export const defaultSettings: McIasSettings = {
  profile: "seed",
  lifetimes: { human: 720 * hour, administrator: 8 * hour, system: longestLifetime },
  rates: {
    login: { perSecond: 10, burst: 10 },
    validate: { perSecond: 10, burst: 10 },
    unseal: { perSecond: 3, burst: 5 },
  },
  policy: [],
};
