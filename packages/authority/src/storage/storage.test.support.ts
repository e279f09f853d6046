import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock, systemClock } from "@cardea/core";
import { openPostgres } from "./postgres/open.js";
import { loadEngine, sqliteProviders, type SqliteProvider } from "./sqlite/provider.js";
import { openSqlite, type SqliteOptions } from "./sqlite/open.js";
import type { Storage } from "./storage.js";

/** A database of its own for one test: closed and removed with it. */
export interface Lent extends AsyncDisposable {
  readonly storage: Storage;
}

/** The engines that this runtime has. */
export const providers: readonly SqliteProvider[] = await (async () => {
  const found = await Promise.all(sqliteProviders.map((provider) => loadEngine(provider).catch(() => undefined)));
  return sqliteProviders.filter((_, index) => found[index] !== undefined);
})();

const postgresUrl = process.env["CARDEA_TEST_POSTGRES"] ?? "";

/** Every kind of database that this machine can show. The conformance suite runs over each. */
export const databases: readonly (readonly [name: string, open: () => Promise<Lent>])[] = [
  ["sqlite in memory", () => lend({ path: ":memory:" })],
  ...providers.map((provider) => [`sqlite file, ${provider}`, () => lendFile({ provider })] as const),
  // The project's scripts start a server for the tests, and say so where there is none.
  ...(postgresUrl === "" ? [] : [["postgres", () => lendPostgres(postgresUrl)] as const]),
];

/** A folder that is gone after the test. */
export function lendFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "cardea-storage-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function openAt(path: string, options: Partial<SqliteOptions> = {}): Promise<Storage> {
  return openSqlite({ clock: manualClock(1_700_000_000_000), ...options, path });
}

/** A resolved promise, several times over: what a unit may await without waiting for the world. */
export async function microtasks(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

/** Lets every timer and socket that is due have its turn. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function lend(options: Partial<SqliteOptions> & { readonly path: string }): Promise<Lent> {
  const storage = await openAt(options.path, options);
  return { storage, [Symbol.asyncDispose]: () => storage.close() };
}

async function lendFile(options: Partial<SqliteOptions>): Promise<Lent> {
  const folder = lendFolder();
  const storage = await openAt(join(folder.path, "cardea.db"), options);
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close();
      folder[Symbol.dispose]();
    },
  };
}

/** A database of its own on the server of the tests. */
async function lendPostgres(server: string): Promise<Lent> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  const name = `cardea_${randomBytes(8).toString("hex")}`;
  await client.query(`create database ${name}`);
  const storage = await openPostgres({ url: new URL(`/${name}`, server).href, clock: systemClock });
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close();
      await client.query(`drop database ${name} with (force)`);
      await client.end();
    },
  };
}
