import type { Client, ClientConfig, Pool, PoolClient } from "pg";
import { StorageError } from "../errors.js";
import { storageFailure } from "./failures.js";

/** Object identifier of `bigint`. */
const bigint = 20;

/** How long a connection may take to come about, and then an answer to one statement. */
const connectMs = 10_000;
const answerMs = 30_000;

/** Loaded when it is used: most houses live in one file. */
async function load() {
  return (await import("pg")).default;
}

/** @throws StorageError `storage_failed`, which quotes nothing: the URL may hold a password */
async function configure(url: string): Promise<ClientConfig> {
  if (!URL.canParse(url)) {
    throw new StorageError("storage_failed", "The URL of the database cannot be read: postgres://user@host/database");
  }
  const { types } = await load();
  const getTypeParser = ((oid: number, format?: "text") =>
    oid === bigint ? safeInteger : types.getTypeParser(oid, format)) as typeof types.getTypeParser;
  return {
    connectionString: url,
    types: { getTypeParser },
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    application_name: "cardea",
  };
}

/** Connections for statements that are answered soon. A server that is silent counts as one that is gone. */
export async function openPool(url: string, size: number, access: "read only" | "read write"): Promise<Pool> {
  const config = await configure(url);
  const { Pool: PoolOf } = await load();
  const pool = new PoolOf({
    ...config,
    query_timeout: answerMs,
    max: size,
    ...(access === "read only" && {
      // Once for each new connection, before anybody gets it.
      verify: (client, done) => {
        client.query("set default_transaction_read_only = on").then(() => done(), done);
      },
    }),
  });
  // A connection that breaks is told by the statement that it breaks under, if there is one. The pool replaces it.
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));
  return pool;
}

/** A connection of the pool, to be released. @throws StorageError */
export async function take(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw storageFailure(error);
  }
}

/**
 * One connection for statements that may take long.
 *
 * @throws StorageError
 */
export async function connectAlone(url: string): Promise<Client> {
  const config = await configure(url);
  const { Client: ClientOf } = await load();
  const client = new ClientOf(config);
  client.on("error", ignore);
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw storageFailure(error);
  }
}

function ignore(): void {}

function safeInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new StorageError("storage_failed", "The database gave an integer beyond 2^53.");
}
