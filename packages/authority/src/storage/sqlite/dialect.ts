import {
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
} from "kysely";
import type { SqliteResult } from "./database.js";

/** Whatever runs one statement at once. */
export interface Executes {
  execute(sql: string, parameters: readonly unknown[]): SqliteResult;
}

/**
 * Kysely over one connection that answers at once. Every query settles within microtasks: nothing is waited for, no
 * lock is taken between queries.
 */
export function kyselyOver<Tables>(connection: Executes): Kysely<Tables> {
  const driver = new ImmediateDriver(connection);
  return new Kysely<Tables>({
    dialect: {
      createDriver: () => driver,
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    },
  });
}

class ImmediateDriver implements Driver {
  readonly #executes: Executes;
  readonly #connection: DatabaseConnection;

  constructor(executes: Executes) {
    this.#executes = executes;
    this.#connection = new ImmediateConnection(executes);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(): Promise<void> {
    // A transaction that reads first and writes later would fail where another has written between.
    this.#executes.execute("begin immediate", []);
  }

  async commitTransaction(): Promise<void> {
    this.#executes.execute("commit", []);
  }

  async rollbackTransaction(): Promise<void> {
    this.#executes.execute("rollback", []);
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class ImmediateConnection implements DatabaseConnection {
  readonly #executes: Executes;

  constructor(executes: Executes) {
    this.#executes = executes;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = this.#executes.execute(query.sql, query.parameters);
    return { rows: rows as Row[], ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }) };
  }

  // eslint-disable-next-line require-yield -- the interface asks for it; every result fits in memory here
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new TypeError("Results are read whole: use execute() with a limit.");
  }
}
