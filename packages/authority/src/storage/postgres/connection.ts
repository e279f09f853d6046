import type { ClientBase } from "pg";
import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import { checkedParameter } from "../parameters.js";

/** Whatever runs one statement. */
export interface Executes {
  execute(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>>;
}

/** Texts that are prepared on the server. Lists of varying length must not fill its memory. */
const namedStatements = 500;
const names = new Map<string, string>();

/** A name for a text that is asked often; none once there are too many. */
function nameOf(sql: string): string | undefined {
  const known = names.get(sql);
  if (known !== undefined || names.size >= namedStatements) return known;
  const name = `cardea_${names.size}`;
  names.set(sql, name);
  return name;
}

/** Runs a statement prepared under a name of its own. @throws whatever the server says */
export async function runOn(client: ClientBase, sql: string, parameters: readonly unknown[]) {
  const name = nameOf(sql);
  const values = parameters.map(checkedParameter);
  const { rows, rowCount, command } = await client.query({
    text: sql,
    values,
    ...(name === undefined ? {} : { name }),
  });
  const counts = rowCount !== null && command !== "SELECT";
  return { rows: rows as unknown[], ...(counts ? { numAffectedRows: BigInt(rowCount) } : {}) };
}

/** Kysely over one connection, or over anything that finds one for each statement. */
export function kyselyOver<Tables>(executes: Executes): Kysely<Tables> {
  const driver = new OneConnection(executes);
  return new Kysely<Tables>({
    dialect: {
      createDriver: () => driver,
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (db) => new PostgresIntrospector(db),
    },
  });
}

class OneConnection implements Driver, DatabaseConnection {
  readonly #executes: Executes;

  constructor(executes: Executes) {
    this.#executes = executes;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return (await this.#executes.execute(query.sql, query.parameters)) as QueryResult<Row>;
  }

  // eslint-disable-next-line require-yield -- the interface asks for it; every result fits in memory here
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new TypeError("Results are read whole: use execute() with a limit.");
  }

  async beginTransaction(_connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel, accessMode } = settings;
    const level = isolationLevel === undefined ? "" : ` isolation level ${isolationLevel}`;
    await this.#executes.execute(`begin${level}${accessMode === undefined ? "" : ` ${accessMode}`}`, []);
  }

  async commitTransaction(): Promise<void> {
    await this.#executes.execute("commit", []);
  }

  async rollbackTransaction(): Promise<void> {
    await this.#executes.execute("rollback", []);
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}
