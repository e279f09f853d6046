import { CardeaError } from "@cardea/core";

/** Why a house could not be carried. */
export type ArchiveCode = keyof typeof archiveCodes;

/** Each code, and who has to act how. */
const archiveCodes = {
  archive_damaged: "Take another copy of the archive, or export the house again.",
  archive_exists: "Give another name, or move the file away.",
  archive_too_new: "Import it with the version of Cardea that exported it, or with a newer one.",
  archive_unreadable: "See that the file is there and that this user may read it.",
  archive_unwritable: "Choose a folder that this user can write to and that has space.",
  house_missing: "Give the data folder or the database of a house: --data DIR, --database WHERE.",
  house_not_empty: "Give a database that nobody has used: an import never mixes two houses.",
} as const satisfies Record<string, string>;

/** A house could not be carried from one database to another. Both are as they were. */
export class ArchiveError extends CardeaError {
  override readonly name: string = "ArchiveError";
  declare readonly code: ArchiveCode;

  /** @param message one sentence that says what is the matter */
  constructor(code: ArchiveCode, message: string) {
    super(message, { code, help: archiveCodes[code] });
  }
}
