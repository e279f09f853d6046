import { CardeaError, systemClock } from "@cardea/core";
import { openFoundation } from "./foundation.js";
import type { HouseReport } from "./house/apply.js";
import { keptSetupLink, makeSetupLink } from "./setup-link.js";

/** Which house an operator's command speaks of. */
export interface HouseLocation {
  readonly dataFolder: string;
  readonly database?: string;
}

/** Applies a house file to a house that no authority has open. @throws CardeaError as `startAuthority` does */
export async function applyHouseFile(
  options: HouseLocation & {
    readonly house: string | object;
    /** Tells what would happen, and does nothing. */
    readonly dryRun?: boolean;
    /** Where generated secrets are written, once, mode 0600. */
    readonly credentialsOut?: string;
  },
): Promise<HouseReport> {
  const foundation = await openFoundation({ ...options, clock: systemClock });
  try {
    if (foundation.house === undefined) throw new TypeError("a house was given and not applied");
    return foundation.house;
  } finally {
    await foundation.close();
  }
}

/**
 * A link that makes the first administrator: a new one, or where an authority has the house open, the one it keeps.
 *
 * @param options.baseUrl where the authority is, or will be
 * @returns `undefined` where an administrator exists
 */
export async function setupLink(options: HouseLocation & { readonly baseUrl: string }): Promise<string | undefined> {
  const { dataFolder, baseUrl } = options;
  try {
    const foundation = await openFoundation({ ...options, clock: systemClock });
    try {
      return await makeSetupLink({ ...foundation, clock: systemClock, dataFolder }, baseUrl, "setup");
    } finally {
      await foundation.close();
    }
  } catch (error) {
    if (error instanceof CardeaError && error.code === "storage_in_use") return keptSetupLink(dataFolder);
    throw error;
  }
}
