import type { Clock } from "@cardea/core";
import type { Kysely } from "kysely";
import type { Client, Pool } from "pg";
import { StorageError } from "../errors.js";
import { identityMigrations } from "../migrations/identity.js";
import { migrate, type MigrationSet } from "../migrations/migrate.js";
import type { Schema } from "../schema.js";
import type { Storage } from "../storage.js";
import { connectAlone, openPool, take } from "./connect.js";
import { kyselyOver, runOn } from "./connection.js";
import { storageFailure } from "./failures.js";
import { Units } from "./units.js";

export interface PostgresOptions {
  /** `postgres://user@host/database`. Never quoted in an error. */
  readonly url: string;
  readonly clock: Pick<Clock, "now" | "after">;
  /** Of the wires. The identity core's own always come first. */
  readonly migrations?: readonly MigrationSet[];
  /** Connections at most: one half for units, one for reads. Default 10. */
  readonly poolSize?: number;
  /** Units that may be under way before `storage_busy`. Default 10,000. */
  readonly queuedUnits?: number;
}

/** Any number, the same for every authority: who holds this lock changes the schema. */
const migrationLock = 7_361_204;

/**
 * Opens a PostgreSQL database and brings its schema up to date. Several authorities may share it. A server that goes
 * away and comes back needs no hand: what was asked meanwhile has failed, what is asked next is served.
 *
 * @throws StorageError `storage_unreachable`, `schema_too_new`, `storage_failed`
 */
export async function openPostgres(options: PostgresOptions): Promise<Storage> {
  const { url, clock, migrations = [], queuedUnits = 10_000 } = options;
  const alone = await openPostgresAlone(url);
  try {
    await migrate(alone.db, "postgres", [identityMigrations, ...migrations], () => clock.now());
  } finally {
    await alone.close();
  }
  const half = Math.max(1, Math.floor((options.poolSize ?? 10) / 2));
  const writes = await openPool(url, half, "read write");
  const reads = await openPool(url, half, "read only");
  return storageOver(new Units(writes, clock, queuedUnits), reads, async () => {
    await Promise.all([writes.end(), reads.end()]);
  });
}

/**
 * One connection, whose holder alone may change the schema. The lock goes with the connection, also where its holder
 * dies.
 *
 * @throws StorageError `storage_unreachable`, `storage_failed`
 */
export async function openPostgresAlone(
  url: string,
): Promise<{ readonly db: Kysely<unknown>; close(): Promise<void> }> {
  const client = await connectAlone(url);
  const close = async () => void (await client.end().catch(() => {}));
  const execute = (sql: string, parameters: readonly unknown[]) =>
    runOn(client, sql, parameters).catch((error: unknown) => {
      throw error instanceof TypeError ? error : storageFailure(error);
    });
  try {
    await requireUtf8(client);
    await execute("select pg_advisory_lock($1)", [migrationLock]);
    return { db: kyselyOver<unknown>({ execute }), close };
  } catch (error) {
    await close();
    throw storageFailure(error);
  }
}

/** Any other encoding would refuse some names, and order the others differently. */
async function requireUtf8(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>("show server_encoding");
  const encoding = rows[0]?.server_encoding;
  if (encoding === "UTF8") return;
  throw new StorageError("storage_failed", `The PostgreSQL database has the encoding ${encoding}: make one with UTF8.`);
}

function storageOver(units: Units, reads: Pool, close: () => Promise<void>): Storage {
  let closed = false;
  const read = kyselyOver<Schema>({
    async execute(sql, parameters) {
      if (closed) throw new StorageError("storage_closed", "The database is closed.");
      const client = await take(reads);
      let broken = false;
      try {
        return await runOn(client, sql, parameters);
      } catch (error) {
        if (error instanceof TypeError) throw error;
        const failure = storageFailure(error);
        broken = failure.code === "storage_unreachable";
        throw failure;
      } finally {
        client.release(broken);
      }
    },
  });
  return {
    kind: "postgres",
    unit: (work) => units.run(work),
    read,
    async ping() {
      await read.selectFrom("settings").select("name").limit(1).execute();
    },
    async close() {
      await units.close();
      if (closed) return;
      closed = true;
      await close();
    },
  };
}
