import { wires } from "../dialects/registry.js";
import type { Reader } from "../storage/storage.js";
import type { HashPool } from "../workers/hash-pool.js";
import type { House } from "./load.js";
import { secretFrom } from "./secret-sources.js";
import { loadSettings } from "./settings.js";

/**
 * The house with its sections as they are kept: secrets that a wire only ever compares are hashes from here on.
 *
 * @throws CardeaError `house_invalid`, `house_unreadable`, `busy`
 */
export async function keepSections(
  house: House,
  deps: { readonly read: Reader; readonly hashes: HashPool },
): Promise<House> {
  const { sections } = await loadSettings(deps.read);
  const settings: Record<string, unknown> = { ...house.settings };
  for (const { section, keep } of wires) {
    if (keep === undefined || settings[section] === undefined) continue;
    settings[section] = await keep(settings[section], {
      former: sections[section],
      hashes: deps.hashes,
      async secret(source, path) {
        const secret = await secretFrom(source, path, house.places);
        if (secret === "generate") throw new TypeError(`${path} cannot be generated`);
        return secret;
      },
    });
  }
  return { ...house, settings };
}
