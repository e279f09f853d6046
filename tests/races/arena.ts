import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { startAuthority, type Storage } from "@cardea/authority";
import { MciasClient } from "@cardea/mcias";
import { createDatabase } from "../../scripts/postgres.mjs";
import { send, turnableClock, type RawOptions, type RawReply, type TurnableClock } from "../mcias/house.js";
import { late } from "./latency.js";

/** One authority, as those see it who race through it. */
export interface Door {
  /** The late database, for what no wire can reach. */
  readonly storage: Storage;
  readonly setupLink: string | undefined;
  /** Scheme, host and port. */
  readonly origin: string;
  raw(method: string, path: string, options?: RawOptions): Promise<RawReply>;
  /** A request to a whole URL: a page. */
  visit(url: string, form: Readonly<Record<string, string>>): Promise<RawReply>;
  client(token?: string): MciasClient;
}

/** Where the race is: some authorities over one database that answers late. */
export interface Arena extends AsyncDisposable {
  readonly doors: readonly [Door, ...Door[]];
  readonly clock: TurnableClock;
}

/** One kind of database that must hold. */
export interface Opener {
  readonly name: string;
  open(house: object): Promise<Arena>;
}

/** Every kind of database and number of authorities that the races are run over. One more is one more line. */
export const openers: readonly Opener[] = [
  { name: "one authority over the embedded database", open: (house) => openArena(house, [{}]) },
  ...overPostgres(process.env["CARDEA_TEST_POSTGRES"]),
];

/** @param server that the project's scripts have started for the tests; that there is none, they have told */
function overPostgres(server: string | undefined): Opener[] {
  if (server === undefined || server === "") return [];
  const open = (house: object) => {
    const database = createDatabase(server);
    return openArena(house, [{ database }, { database }]);
  };
  return [{ name: "two authorities over PostgreSQL", open }];
}

/** Opens one authority an entry. They share a data folder, and whatever database the entries name. */
export async function openArena(house: object, authorities: readonly { readonly database?: string }[]): Promise<Arena> {
  const dataFolder = await mkdtemp(join(tmpdir(), "cardea-race-"));
  const clock = turnableClock();
  const doors: (Door & { close(): Promise<void> })[] = [];
  for (const options of authorities) doors.push(await openDoor({ ...options, dataFolder, house, clock }));
  const [first, ...others] = doors;
  if (first === undefined) throw new TypeError("an arena without a door");
  return {
    doors: [first, ...others],
    clock,
    async [Symbol.asyncDispose]() {
      for (const door of doors) await door.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

async function openDoor(options: {
  readonly database?: string;
  readonly dataFolder: string;
  readonly house: object;
  readonly clock: TurnableClock;
}): Promise<Door & { close(): Promise<void> }> {
  let storage: Storage | undefined;
  const wrapStorage = (real: Storage) => (storage = late(real));
  const authority = await startAuthority({ ...options, port: 0, wrapStorage });
  const url = authority.urls["mcias"] as string;
  const ca = await readFile(authority.caCert as string, "utf8");
  const agent = new Agent({ keepAlive: true, secureContext: createSecureContext({ ca }) });
  return {
    storage: storage as unknown as Storage,
    setupLink: authority.setupLink,
    origin: new URL(url).origin,
    raw: (method, path, more = {}) => send(new URL(url + path), ca, method, { agent, ...more }),
    visit: (page, form) =>
      send(new URL(page), ca, "POST", {
        agent,
        body: new URLSearchParams(form).toString(),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      }),
    client: (token) => new MciasClient({ serverUrl: url, caCert: ca, ...(token !== undefined && { token }) }),
    async close() {
      agent.destroy();
      await authority.close();
    },
  };
}
