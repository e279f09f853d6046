import { CardeaError } from "@cardea/core";

/** Why the database did not do it. */
export type StorageCode = keyof typeof storageCodes;

/** Each code: whether the same call may succeed later by itself, and who has to act how. */
const storageCodes = {
  unit_waited: {
    retryable: false,
    help: "Hash, sign and fetch before the unit: its work awaits nothing but its queries.",
  },
  unit_nested: { retryable: false, help: "Pass the outer unit's tx on instead of starting another unit inside it." },
  unit_ended: { retryable: false, help: "Await every query before the work of the unit returns." },
  constraint_violated: {
    retryable: false,
    help: "Check in the same unit what the constraint asks for, or use ON CONFLICT.",
  },
  storage_busy: { retryable: true, help: "Try again shortly." },
  storage_closed: { retryable: false, help: "Start the authority again." },
  storage_failed: { retryable: false, help: "Look at the disk and at the log of the machine, then start again." },
  storage_full: { retryable: true, help: "Free some space on the disk; nothing else is needed." },
  storage_in_use: { retryable: false, help: "Stop the other process, or give this one a data folder of its own." },
  storage_read_only: { retryable: false, help: "Let the user that runs the authority write to the data folder." },
  storage_unreachable: { retryable: true, help: "See that PostgreSQL runs and that the URL of the database is right." },
  schema_too_new: { retryable: false, help: "Start the newer version of Cardea again, or restore a backup." },
} as const satisfies Record<string, { readonly retryable: boolean; readonly help: string }>;

/** The database did not do what was asked. Neither the message nor the cause ever holds a value of a query. */
export class StorageError extends CardeaError {
  override readonly name: string = "StorageError";
  declare readonly code: StorageCode;

  /** @param message one sentence that says what happened; `help` says what to do */
  constructor(code: StorageCode, message: string) {
    super(message, { code, ...storageCodes[code] });
  }
}
