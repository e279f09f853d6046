/** What installs the server, for whoever has none. */
export declare const installCommand: string;

/** The folder with the programs of a PostgreSQL server; nothing where there is none. */
export declare function findPostgres(): string | undefined;

/** The same, and where there is none on a Debian machine that must prove everything, it is installed. */
export declare function findOrInstallPostgres(): string | undefined;

/** A running server. Whoever starts one stops it. */
export interface PostgresServer {
  /** Of a database in it, with name and password. */
  readonly url: string;
  /** Ends it at once, as a kill of all its processes would. */
  crash(): Promise<void>;
  /** Starts it again after a crash, on the same port with the same data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a server on a free port of loopback.
 *
 * @param bin What `findPostgres` found.
 * @param options With `durable` every commit is on the disk before it is told.
 */
export declare function startPostgres(bin: string, options?: { readonly durable?: boolean }): Promise<PostgresServer>;

/**
 * Makes an empty database on a server, for one test. It goes with the server.
 *
 * @returns the URL of the database
 */
export declare function createDatabase(server: string): string;
