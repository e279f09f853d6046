import type { TokenKeyLine } from "../../identity/signing-key-states.js";
import { serveDialect } from "../serve.js";
import type { WireModule } from "../wire-module.js";
import { mciasDialect, openMcias } from "./dialect.js";
import { serveExtended } from "./extended/serve.js";
import { keepSection } from "./keep.js";
import { mciasMigrations } from "./migrations/mcias.js";
import { mciasSection, settingsFrom, type McIasSection } from "./section.js";
import { longestLifetime } from "./settings.js";

/**
 * Section 3: one bare Ed25519 key, without a key id. Who verifies offline holds a copy of it and has to be told of a new
 * one, so keys of a house are rotated by time only where its file says so. Meanwhile the key endpoint shows the new key,
 * and validation takes tokens of both.
 */
const keyLine: TokenKeyLine = { wire: "mcias", algorithm: "EdDSA", longestTokenMs: longestLifetime * 1000 };

/** The MCIAS wire, as the composition sees it. */
export const mciasModule: WireModule<McIasSection> = {
  wire: "mcias",
  section: "mcias",
  schema: mciasSection,
  migrations: mciasMigrations,
  keep: keepSection,
  prefix: "/mcias",
  keyLines: [keyLine],
  async open(deps, section) {
    const keys = await deps.signingKeys(keyLine);
    const mcias = openMcias({ ...deps, keys, settings: settingsFrom(section) });
    const handle =
      mcias.settings.profile === "extended" ? serveExtended(mcias, deps) : serveDialect(mciasDialect(mcias), deps);
    // Section 1: passwords and tokens never travel in the clear.
    return { name: "mcias", prefix: "/mcias", secureOnly: true, handle };
  },
};
