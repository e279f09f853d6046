import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@cardea/core";
import type { Origin } from "./identity/audit.js";
import { offerSetupLink } from "./identity/setup-link.js";
import { readFileIfAny, replaceFile } from "./keys/durable-file.js";
import type { Storage } from "./storage/storage.js";

/** Where the link stands while it is good: whoever can read the data folder may have it. */
const fileIn = (dataFolder: string) => join(dataFolder, "setup-link");

/** Makes a new link and keeps it in the data folder. `undefined` where an administrator exists. */
export async function makeSetupLink(
  house: { readonly storage: Storage; readonly clock: Clock; readonly dataFolder: string },
  base: string,
  operation: string,
): Promise<string | undefined> {
  const code = randomBytes(24).toString("base64url");
  const origin: Origin = { wire: "operator", operation };
  const offered = await house.storage.unit((tx) => offerSetupLink(tx, origin, house.clock.now(), code));
  if (offered === "administrator_exists") {
    await removeSetupLink(house.dataFolder);
    return undefined;
  }
  const link = `${base}/setup/${code}`;
  await replaceFile(fileIn(house.dataFolder), `${link}\n`, 0o600);
  return link;
}

/** The link that a running authority keeps. */
export async function keptSetupLink(dataFolder: string): Promise<string | undefined> {
  const content = await readFileIfAny(fileIn(dataFolder));
  return content.found ? content.text.trim() : undefined;
}

export async function removeSetupLink(dataFolder: string): Promise<void> {
  await rm(fileIn(dataFolder), { force: true });
}
