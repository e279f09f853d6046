import { checkedParameter } from "../parameters.js";
import type { Engine, EngineDatabase, EngineStatement } from "./provider.js";
import { storageFailure } from "./failures.js";
import { countParameters } from "./sql-text.js";

/** What one statement gave. */
export interface SqliteResult {
  readonly rows: unknown[];
  /** How many rows were written; not told where the statement gives rows. */
  readonly changes?: number;
}

interface Prepared {
  readonly statement: EngineStatement;
  readonly parameters: number;
  readonly givesRows: boolean;
}

/** More shapes of SQL than the authority has. Lists of varying length must not grow it for ever. */
const cachedStatements = 500;

/** One connection, and strict: what the engine would bend or pass over is refused before it gets there. */
export class SqliteConnection {
  readonly #engine: EngineDatabase;
  readonly #path: string;
  readonly #prepared = new Map<string, Prepared>();

  /**
   * @param busyMs how long a statement blocks while another program holds the file
   * @throws StorageError
   */
  constructor(engine: Engine, path: string, busyMs: number) {
    this.#path = path;
    try {
      this.#engine = new engine.DatabaseSync(path, { timeout: busyMs });
    } catch (error) {
      throw storageFailure(error, path);
    }
  }

  /** Whether a transaction is open. A full disk or a failing one ends it without being asked. */
  get inTransaction(): boolean {
    try {
      return this.#engine.isTransaction;
    } catch (error) {
      throw storageFailure(error, this.#path);
    }
  }

  /**
   * Runs one statement to its end.
   *
   * @throws TypeError for a parameter that is undefined, a truth, a bigint or an unsafe number, for too few or too many
   *   of them, and for more than one statement
   * @throws StorageError
   */
  execute(sql: string, parameters: readonly unknown[] = []): SqliteResult {
    const prepared = this.#prepared.get(sql) ?? this.#prepare(sql);
    if (parameters.length !== prepared.parameters) {
      throw new TypeError(`SQL takes ${prepared.parameters} parameters, ${parameters.length} were given`);
    }
    const values = parameters.map(checkedParameter);
    try {
      if (prepared.givesRows) return { rows: prepared.statement.all(...values) };
      return { rows: [], changes: Number(prepared.statement.run(...values).changes) };
    } catch (error) {
      throw storageFailure(error, this.#path);
    }
  }

  /** @throws StorageError */
  close(): void {
    this.#prepared.clear();
    try {
      this.#engine.close();
    } catch (error) {
      throw storageFailure(error, this.#path);
    }
  }

  #prepare(sql: string): Prepared {
    const parameters = countParameters(sql);
    try {
      const statement = this.#engine.prepare(sql);
      const prepared = { statement, parameters, givesRows: statement.columns().length > 0 };
      const [oldest] = this.#prepared.keys();
      if (this.#prepared.size >= cachedStatements && oldest !== undefined) this.#prepared.delete(oldest);
      this.#prepared.set(sql, prepared);
      return prepared;
    } catch (error) {
      throw storageFailure(error, this.#path);
    }
  }
}
