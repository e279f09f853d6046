import type { Clock } from "@cardea/core";
import type { Log } from "./front/log.js";
import type { HouseReport } from "./house/apply.js";
import type { Storage } from "./storage/storage.js";

/** How an authority is started. Everything has a default but the data folder. */
export interface AuthorityOptions {
  /** Holds the database, the master key, the local CA. Made where it does not exist. */
  readonly dataFolder: string;
  /** Path of the embedded database, or `postgres://user@host/database`. Default: `cardea.db` in the data folder. */
  readonly database?: string;
  /** Path of the house file, or what would stand in it. Applied before the first listener answers. */
  readonly house?: string | object;
  /** Where generated secrets are written, once, mode 0600. */
  readonly credentialsOut?: string;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port of the TLS listener. Default 8443; 0 takes a free one. */
  readonly port?: number;
  /** Port of a plain HTTP listener on loopback, for clients that cannot be given a private CA. Default: none. */
  readonly httpPort?: number;
  /** How the world reaches this authority: goes into every token and link. Default: the listener's own address. */
  readonly publicUrl?: string;
  /** PEM files of a certificate and its key, in place of the local CA's. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** CIDRs whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** Written when every listener answers, removed on stop. */
  readonly readyFile?: string;
  /** Folder for messages to people. */
  readonly outbox?: string;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Whether every request is a line in the log: method, wire, status, time, address. Default: no. */
  readonly logRequests?: boolean;
  /** Puts something between the authority and its database: for tests that look, or plant faults. */
  readonly wrapStorage?: (storage: Storage) => Storage;
}

/** A running authority. */
export interface Authority {
  /** The CA's certificate that clients must trust; absent with an operator's own certificate. */
  readonly caCert?: string;
  /** Base URL by wire. */
  readonly urls: Readonly<Record<string, string>>;
  /** What applying the house file did. */
  readonly house?: HouseReport;
  /** Where the first administrator is made, while there is none. Works once, for a day. */
  readonly setupLink?: string;
  /** Stops taking requests, finishes those under way, closes the database, removes the ready file. */
  close(): Promise<void>;
}
