import { expect, test } from "vitest";
import { loadHouse } from "../../house/load.js";
import { mciasModule } from "./module.js";
import { settingsFrom, type McIasSection } from "./section.js";
import { defaultSettings } from "./settings.js";

const section = async (mcias: McIasSection) => (await loadHouse({ mcias })).settings["mcias"] as McIasSection;

test("a house that says nothing of MCIAS speaks it with the defaults of the wire", () => {
  expect(settingsFrom(undefined)).toEqual(defaultSettings);
  expect(settingsFrom({})).toEqual(defaultSettings);
});

test("every key of the section arrives in the settings", async () => {
  const all: McIasSection = {
    profile: "extended",
    lifetimes: { humanSeconds: 1, administratorSeconds: 2, systemSeconds: 3 },
    rates: { login: "off", validate: { perSecond: 0.5, burst: 4 }, unseal: { perSecond: 1, burst: 1 } },
    roles: ["admin"],
    vault: { passphraseHash: "$argon2id$of-some-passphrase" },
    policy: [
      {
        effect: "deny",
        description: "nights",
        enabled: true,
        notBefore: "2031-01-01T00:00:00Z",
        expiresAt: "2031-01-01T01:00:00+01:00",
        usernames: ["alice"],
        roles: ["user"],
        serviceNames: ["payroll"],
        requiredTags: ["env:production"],
      },
    ],
  };
  const { policy, ...plain } = settingsFrom(await section(all));
  expect(plain).toEqual({
    profile: "extended",
    lifetimes: { human: 1, administrator: 2, system: 3 },
    rates: { login: "off", validate: { perSecond: 0.5, burst: 4 }, unseal: { perSecond: 1, burst: 1 } },
    roles: ["admin"],
    vaultHash: "$argon2id$of-some-passphrase",
  });
  const midnight = Date.parse("2031-01-01T00:00:00Z");
  expect(policy).toEqual([{ ...all.policy?.[0], notBefore: midnight, expiresAt: midnight }]);
});

test("what one key says leaves the others at their defaults", async () => {
  const settings = settingsFrom(await section({ lifetimes: { humanSeconds: 60 }, rates: { login: "off" } }));
  expect(settings).toEqual({
    ...defaultSettings,
    lifetimes: { ...defaultSettings.lifetimes, human: 60 },
    rates: { ...defaultSettings.rates, login: "off" },
  });
});

test("a token may live for a year and not a second longer", async () => {
  const year = 8_760 * 3_600;
  expect(await section({ lifetimes: { systemSeconds: year } })).toEqual({ lifetimes: { systemSeconds: year } });
  await expect(section({ lifetimes: { systemSeconds: year + 1 } })).rejects.toThrow(
    "mcias.lifetimes.systemSeconds: expected a whole number from 1 to 31536000",
  );
});

test.each([
  [{ profile: "later" }, "mcias.profile: expected one of seed, extended"],
  [{ rates: { login: "none" } }, 'mcias.rates.login: expected { "perSecond": NUMBER'],
  [{ rates: { login: { perSecond: 0, burst: 1 } } }, 'mcias.rates.login: expected { "perSecond": NUMBER'],
  [{ rates: { logout: "off" } }, "mcias.rates.logout: there is no such key"],
  [{ policy: [{}] }, "mcias.policy[0].effect: expected one of allow, deny"],
  [{ policy: [{ effect: "deny", notBefore: "tomorrow" }] }, "mcias.policy[0].notBefore: expected an RFC 3339 time"],
  [
    { policy: [{ effect: "deny", notBefore: "2031-13-01T00:00:00Z" }] },
    "mcias.policy[0].notBefore: expected an RFC 3339",
  ],
])("%j is refused with its place", async (mcias, message) => {
  await expect(loadHouse({ mcias })).rejects.toThrow(`the house: ${message}`);
});

test("the section stands under the name of the wire", () => {
  expect(mciasModule).toMatchObject({ wire: "mcias", section: "mcias", prefix: "/mcias" });
});
