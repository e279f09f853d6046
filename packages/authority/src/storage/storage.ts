import type { Kysely } from "kysely";
import type { Schema } from "./schema.js";

/** The queries of one unit. Good until the unit ends. */
export type Tx = Pick<
  Kysely<Schema>,
  "selectFrom" | "insertInto" | "updateTable" | "deleteFrom" | "executeQuery" | "getExecutor"
>;

/** Anything that can be asked: a unit, or the reading side. */
export type Reader = Pick<Kysely<Schema>, "selectFrom" | "executeQuery" | "getExecutor">;

/** What the rest of the authority knows of a database. One conformance suite holds for every kind. */
export interface Storage {
  readonly kind: "sqlite" | "postgres";
  /**
   * The only way to write. Resolves when what `work` wrote is durable. Units behave as if they ran one after another;
   * the embedded database runs them in the order in which they were asked for.
   *
   * `work` awaits nothing but its `tx`: hash, sign and fetch before it. It may be run again, so it changes nothing but
   * the database. A lost race is a value, and commits; a throw undoes this unit alone and is thrown on. A statement that
   * fails undoes the unit too, also where `work` catches the error.
   *
   * @throws StorageError `unit_waited` where `work` waits for anything but its queries; nothing is written
   * @throws StorageError `unit_nested` where it is called inside the work of another unit
   * @throws StorageError `storage_busy` where too many units wait already
   * @throws StorageError `constraint_violated`, `storage_failed`, `storage_full`, `storage_read_only`, `storage_closed`
   */
  unit<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Reads on a connection of their own: they see every unit that has resolved, and nothing that a loss of power could
   * take back. They wait for no unit, and cannot write.
   */
  readonly read: Reader;
  /**
   * Another number whenever a unit has been written: while it stays, a read would give what it gave. Absent where other
   * processes write too.
   */
  version?(): number;
  /** Resolves where the database answers. @throws StorageError */
  ping(): Promise<void>;
  /** Ends after the units that are under way. */
  close(): Promise<void>;
}
