import { StorageError } from "../errors.js";
import type { ColumnValue } from "../parameters.js";

/** Where the engine comes from. Both speak the API of `node:sqlite`. */
export type SqliteProvider = keyof typeof providers;

/** The part of `node:sqlite` that we use. */
export interface Engine {
  readonly DatabaseSync: new (path: string, options?: { readonly timeout?: number }) => EngineDatabase;
}

export interface EngineDatabase {
  readonly isTransaction: boolean;
  prepare(sql: string): EngineStatement;
  close(): void;
}

export interface EngineStatement {
  all(...parameters: ColumnValue[]): unknown[];
  run(...parameters: ColumnValue[]): { readonly changes: number | bigint };
  columns(): readonly unknown[];
}

/** In order of preference. Each gives the engine, or nothing where this runtime has none that will do. */
const providers = {
  "node:sqlite": loadBuiltIn,
  "@photostructure/sqlite": async () => (await import("@photostructure/sqlite")) as unknown as Engine,
} as const satisfies Record<string, () => Promise<Engine | undefined>>;

export const sqliteProviders = Object.keys(providers) as readonly SqliteProvider[];

/**
 * The SQLite engine: the one that the runtime brings, else the one from npm.
 *
 * @param only this one and no other
 * @throws StorageError `storage_failed` where there is none
 */
export async function loadEngine(only?: SqliteProvider): Promise<Engine> {
  for (const provider of only === undefined ? sqliteProviders : [only]) {
    const engine = await providers[provider]();
    if (engine !== undefined) return engine;
  }
  throw new StorageError("storage_failed", `This runtime has no SQLite engine: ${only ?? "none was found"}.`);
}

/** The first releases that had the module lack two members that we need: they are served by the other provider. */
async function loadBuiltIn(): Promise<Engine | undefined> {
  const engine = withoutWarnings(() => process.getBuiltinModule?.("node:sqlite") as Engine | undefined);
  if (engine === undefined) return undefined;
  const database = new engine.DatabaseSync(":memory:");
  try {
    return "isTransaction" in database && "columns" in database.prepare("select 1") ? engine : undefined;
  } finally {
    database.close();
  }
}

/** The module works and calls itself experimental: that is for us to weigh, and not for an operator's terminal. */
function withoutWarnings<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
