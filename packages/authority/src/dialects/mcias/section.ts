import * as v from "valibot";
import { name, oneOf, role, text, username, wholeNumber } from "../../house/fields.js";
import type { PolicyRule } from "./policy.js";
import { defaultSettings, longestLifetime, type McIasSettings } from "./settings.js";

const seconds = v.exactOptional(wholeNumber(1, longestLifetime));

const rate = v.exactOptional(
  v.pipe(
    v.union([
      v.object({
        perSecond: v.pipe(v.number(), v.gtValue(0), v.maxValue(1_000_000)),
        burst: wholeNumber(1, 1_000_000),
      }),
      v.literal("off"),
    ]),
    v.description('{ "perSecond": NUMBER, "burst": WHOLE NUMBER }, or "off"'),
  ),
);

const time = v.exactOptional(
  v.pipe(
    v.string(),
    v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/),
    v.check((text) => !Number.isNaN(Date.parse(text)), "a time that exists"),
    v.description("an RFC 3339 time, such as 2031-01-31T09:00:00Z"),
  ),
);

const anyOf = <Item extends v.GenericSchema<string>>(item: Item) => v.exactOptional(v.array(item));

/** What seals and unseals the wire. The passphrase itself is never kept. */
const vault = v.pipe(
  v.union([
    v.object({
      passphrase: v.pipe(
        v.union([name, v.object({ file: name }), v.object({ env: name })]),
        v.description('a text, { "file": PATH } or { "env": VARIABLE }'),
      ),
    }),
    v.object({ passphraseHash: text(/^\$argon2id\$/, "an Argon2id hash in PHC form") }),
  ]),
  v.description('{ "passphrase": SECRET } or { "passphraseHash": PHC }'),
);

/** The `mcias` section of the house file. */
export const mciasSection = v.pipe(
  v.object({
    profile: v.exactOptional(oneOf(["seed", "extended"])),
    lifetimes: v.exactOptional(
      v.object({ humanSeconds: seconds, administratorSeconds: seconds, systemSeconds: seconds }),
    ),
    rates: v.exactOptional(v.object({ login: rate, validate: rate, unseal: rate })),
    /** The roles that may be given. Absent: any. */
    roles: anyOf(role),
    vault: v.exactOptional(vault),
    policy: v.exactOptional(
      v.array(
        v.object({
          effect: oneOf(["allow", "deny"]),
          description: v.exactOptional(v.string()),
          enabled: v.exactOptional(v.boolean()),
          notBefore: time,
          expiresAt: time,
          usernames: anyOf(username),
          roles: anyOf(role),
          serviceNames: anyOf(name),
          requiredTags: anyOf(name),
        }),
      ),
    ),
  }),
  v.description("how the MCIAS wire is spoken"),
);

export type McIasSection = v.InferOutput<typeof mciasSection>;

/** The settings that a section stands for: what it does not say is as by default. */
export function settingsFrom(section: McIasSection = {}): McIasSettings {
  const { lifetimes = {}, rates, roles, policy = [], vault } = section;
  return {
    profile: section.profile ?? defaultSettings.profile,
    lifetimes: {
      human: lifetimes.humanSeconds ?? defaultSettings.lifetimes.human,
      administrator: lifetimes.administratorSeconds ?? defaultSettings.lifetimes.administrator,
      system: lifetimes.systemSeconds ?? defaultSettings.lifetimes.system,
    },
    rates: { ...defaultSettings.rates, ...rates },
    ...(roles !== undefined && { roles }),
    policy: policy.map(ruleFrom),
    ...(vault !== undefined && "passphraseHash" in vault && { vaultHash: vault.passphraseHash }),
  };
}

type RuleEntry = NonNullable<McIasSection["policy"]>[number];

function ruleFrom({ notBefore, expiresAt, ...rule }: RuleEntry): PolicyRule {
  return {
    ...rule,
    ...(notBefore !== undefined && { notBefore: Date.parse(notBefore) }),
    ...(expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }),
  };
}
