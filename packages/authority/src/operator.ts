import { existsSync } from "node:fs";
import { CardeaError, systemClock } from "@cardea/core";
import { databaseIn, makeDataFolder, migrations, openFoundation } from "./foundation.js";
import type { HouseReport } from "./house/apply.js";
import { keptSetupLink, makeSetupLink } from "./setup-link.js";
import { isPostgresUrl, readDatabase } from "./storage/open.js";
import type { ReadDatabase } from "./storage/sqlite/read.js";
import { fillFromArchive } from "./transfer/fill.js";
import type { ArchiveSummary } from "./transfer/format.js";
import { readArchive } from "./transfer/read.js";
import { writeArchive } from "./transfer/write.js";

/** Which house an operator's command speaks of. */
export interface HouseLocation {
  readonly dataFolder: string;
  /** A path, or the URL of a PostgreSQL database. Default: in the data folder. */
  readonly database?: string;
}

/** Which database a house is in: a path, or a URL. */
export function databasePath({ dataFolder, database }: HouseLocation): string {
  return database ?? databaseIn(dataFolder);
}

/** A misspelt path must not make a house. @throws CardeaError `house_missing` */
export function requireHouse(location: HouseLocation): void {
  const path = databasePath(location);
  if (isPostgresUrl(path) || existsSync(path)) return;
  throw new CardeaError(`there is no house: ${path} does not exist`, {
    code: "house_missing",
    help: "Say where it is: --data DIR, or --database FILE.",
  });
}

/** Reads the database of a house: stopped, running, or a copy of one. @throws CardeaError `house_missing`; StorageError */
export async function readHouse<T>(location: HouseLocation, work: (database: ReadDatabase) => Promise<T>): Promise<T> {
  requireHouse(location);
  const database = await readDatabase(databasePath(location));
  try {
    return await work(database);
  } finally {
    database.close();
  }
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

/**
 * Writes everything that a house keeps in its database to a new file, mode 0600. The master key is not in it: without
 * that file, which whoever moves a house carries by hand, nothing sealed can be opened.
 *
 * @throws ArchiveError `archive_exists`, `archive_unwritable`, `house_missing`
 * @throws StorageError `storage_in_use` where an authority serves the embedded database
 */
export async function exportHouse(location: HouseLocation & { readonly file: string }): Promise<ArchiveSummary> {
  return writeArchive({ database: databasePath(location), file: location.file, clock: systemClock });
}

/**
 * Fills an empty database with an exported house: with all of it, or with nothing.
 *
 * @throws ArchiveError `archive_damaged`, `archive_too_new`, `archive_unreadable`, `house_not_empty`
 */
export async function importHouse(location: HouseLocation & { readonly file: string }): Promise<ArchiveSummary> {
  await makeDataFolder(location.dataFolder);
  return fillFromArchive({ database: databasePath(location), file: location.file, migrations, clock: systemClock });
}

/** Reads an archive to its end. @throws ArchiveError where it is not what was exported */
export async function verifyArchive(file: string): Promise<ArchiveSummary> {
  return (await readArchive(file)).summary;
}
