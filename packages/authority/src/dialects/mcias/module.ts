import { serveDialect } from "../serve.js";
import type { WireModule } from "../wire-module.js";
import { mciasDialect } from "./dialect.js";
import { mciasSection, settingsFrom, type McIasSection } from "./section.js";

/** The MCIAS wire, as the composition sees it. */
export const mciasModule: WireModule<McIasSection> = {
  wire: "mcias",
  section: "mcias",
  schema: mciasSection,
  prefix: "/mcias",
  async open(deps, section) {
    const keys = await deps.signingKeys("mcias", "EdDSA");
    const dialect = mciasDialect({ ...deps, keys, settings: settingsFrom(section) });
    // Section 1: passwords and tokens never travel in the clear.
    return { name: "mcias", prefix: "/mcias", secureOnly: true, handle: serveDialect(dialect, deps) };
  },
};
