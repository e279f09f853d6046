import { randomBytes, randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CardeaError, type Clock } from "@cardea/core";
import { wires } from "./dialects/registry.js";
import { applyHouse, type HouseReport } from "./house/apply.js";
import { keepSections } from "./house/keep.js";
import { loadHouse } from "./house/load.js";
import { loadSettings, type HouseSettings } from "./house/settings.js";
import { openSeals } from "./identity/sealing.js";
import { masterKeyBytes } from "./keys/master-key.js";
import type { Seals } from "./keys/seal.js";
import { openSealsAt } from "./master-key-exchange.js";
import { openStorage } from "./storage/open.js";
import type { Storage } from "./storage/storage.js";
import { createHashPool, type HashPool } from "./workers/hash-pool.js";

/** What an authority and every operator's command stand on: the database, the keys, the hash pool, the settings. */
export interface Foundation {
  readonly storage: Storage;
  readonly seals: Seals;
  readonly hashes: HashPool;
  readonly settings: HouseSettings;
  /** Makes ids that wires show. */
  readonly uuid: () => string;
  /** Makes ids that stay in the database. */
  readonly rowId: () => string;
  /** What applying the house file did, where one was given. */
  readonly house?: HouseReport;
  close(): Promise<void>;
}

export interface FoundationOptions {
  /** Holds the database and the master key. Absent: nothing outlives the process. */
  readonly dataFolder?: string;
  /** A path, or the URL of a PostgreSQL database. Default: in the data folder. */
  readonly database?: string;
  readonly house?: string | object;
  readonly credentialsOut?: string;
  readonly dryRun?: boolean;
  readonly clock: Clock;
  readonly wrapStorage?: (storage: Storage) => Storage;
  /** Default: a pool of threads, with the parameters of the house. */
  readonly hashes?: HashPool;
  /** Default: random ones. */
  readonly ids?: Pick<Foundation, "uuid" | "rowId">;
}

/** How the tables of all wires came about, besides those of the identity core. */
export const migrations = wires.flatMap((wire) => wire.migrations ?? []);

/**
 * Opens a house, making what is not there yet, and applies the house file.
 *
 * @throws CardeaError `data_folder_unusable`, and as the database, the keys and the house file do
 */
export async function openFoundation(options: FoundationOptions): Promise<Foundation> {
  const { dataFolder, clock } = options;
  const { uuid, rowId } = options.ids ?? { uuid: randomUUID, rowId: randomUUID };
  // First: a broken house file leaves everything as it was.
  const loaded = options.house === undefined ? undefined : await loadHouse(options.house);
  if (dataFolder !== undefined) await makeDataFolder(dataFolder);
  const database = options.database ?? (dataFolder === undefined ? ":memory:" : databaseIn(dataFolder));
  const opened = await openStorage({ database, clock, migrations });
  const storage = options.wrapStorage?.(opened) ?? opened;
  try {
    const fresh = { uuid: rowId, now: clock.now() };
    const seals =
      dataFolder === undefined
        ? await openSeals(storage, randomBytes(masterKeyBytes), fresh)
        : await openSealsAt(storage, masterKeyPath(dataFolder), fresh);
    const hashes =
      options.hashes ?? createHashPool({ parameters: (await loadSettings(storage.read, loaded)).passwordHash, clock });
    const house = loaded === undefined ? undefined : await keepSections(loaded, { read: storage.read, hashes });
    const { dryRun, credentialsOut } = options;
    const report =
      house === undefined
        ? undefined
        : await applyHouse({ storage, seals, hashes, clock, uuid, rowId }, house, {
            ...(dryRun !== undefined && { dryRun }),
            ...(credentialsOut !== undefined && { credentialsOut }),
          });
    return {
      storage,
      seals,
      hashes,
      settings: await loadSettings(storage.read, house),
      uuid,
      rowId,
      ...(report !== undefined && { house: report }),
      close: async () => {
        await hashes.close();
        await storage.close();
      },
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Where the master key of a house is. */
export function masterKeyPath(dataFolder: string): string {
  return join(dataFolder, "master.key");
}

/** Path of the embedded database, where no other database is named. */
export function databaseIn(dataFolder: string): string {
  return join(dataFolder, "cardea.db");
}

/** Makes the folder of a house, where there is none. @throws CardeaError `data_folder_unusable` */
export async function makeDataFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch {
    throw new CardeaError(`the data folder ${path} cannot be made or used`, {
      code: "data_folder_unusable",
      help: "Choose a folder that this user can write to: --data FOLDER.",
    });
  }
}
