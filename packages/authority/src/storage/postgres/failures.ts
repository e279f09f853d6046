import { StorageError, type StorageCode } from "../errors.js";

/** What SQLSTATE classes, and some states by themselves, mean to us. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const meanings: Readonly<Record<string, readonly [code: StorageCode, says: string]>> = {
  "08": ["storage_unreachable", "cannot be reached"],
  "23": ["constraint_violated", "refused a write that breaks a constraint"],
  "25006": ["storage_read_only", "takes no writes on this connection"],
  "28": ["storage_failed", "does not let this user in"],
  "3D": ["storage_failed", "does not exist on that server"],
  "40": ["storage_busy", "could not order this unit among others"],
  "53": ["storage_busy", "has no connection or memory left"],
  "53100": ["storage_full", "cannot grow: the disk of its server is full"],
  "57": ["storage_unreachable", "is stopping or starting"],
};

/** States after which the same unit may succeed: it lost against others. */
const lostRaces: readonly unknown[] = ["40001", "40P01"];

export function isLostRace(error: unknown): boolean {
  return lostRaces.includes((error as { code?: unknown } | null)?.code);
}

/**
 * The server's error in our words. Its message and its details quote values, so nothing is kept but the state and the
 * name of the constraint.
 */
export function storageFailure(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code, severity, constraint } = error as { code?: unknown; severity?: unknown; constraint?: unknown };
  if (typeof code !== "string" || severity === undefined) {
    return new StorageError("storage_unreachable", "The PostgreSQL server cannot be reached, or the connection broke.");
  }
  const [meaning, says] = meanings[code] ?? meanings[code.slice(0, 2)] ?? ["storage_failed", "refused a statement"];
  const named = typeof constraint === "string" ? `, constraint ${constraint}` : "";
  return new StorageError(meaning, `The PostgreSQL database ${says} (SQLSTATE ${code}${named}).`);
}
