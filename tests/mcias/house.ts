import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { startAuthority, totpCode, type Storage } from "@cardea/authority";
import { systemClock, type Clock } from "@cardea/core";
import { MciasClient } from "@cardea/mcias";

/** A clock that runs, and can be turned forward. */
export interface TurnableClock extends Clock {
  turn(ms: number): void;
}

export function turnableClock(): TurnableClock {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    elapsed: () => systemClock.elapsed(),
    after: (ms, wake) => systemClock.after(ms, wake),
    turn: (ms) => {
      ahead += ms;
    },
  };
}

export const passwords = {
  root: "root's very long passphrase",
  alice: "correct horse battery",
  otto: "otto needs a code too",
};
export const ottoSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const unlimited = { login: "off", validate: "off", unseal: "off" } as const;

/** What most tests want: an administrator, two people, one with a code, one system account; no rates. */
export function usualHouse(mcias: object = {}, more: object = {}): object {
  return {
    accounts: [
      { username: "root", password: passwords.root, roles: ["admin"] },
      { username: "alice", password: passwords.alice, roles: ["user"] },
      { username: "otto", password: passwords.otto, totp: ottoSecret },
      { username: "ingest", type: "system", roles: ["ingest"] },
    ],
    mcias: { rates: unlimited, ...mcias },
    ...more,
  };
}

/** A reply as it came over the socket. */
export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: any;
}

export interface RawOptions {
  readonly token?: string;
  /** An object is sent as JSON, a text or bytes as they are. */
  readonly body?: object | string | Buffer;
  readonly headers?: Record<string, string | string[]>;
  /** Whose connections are used. Default: those of the house, which are kept. */
  readonly agent?: Agent;
}

export interface TestHouse extends AsyncDisposable {
  readonly url: string;
  readonly ca: string;
  readonly dataFolder: string;
  readonly clock: TurnableClock;
  /** The database, for looking and for planting faults. */
  readonly storage: Storage;
  /** A fault for the units that come next; `undefined` ends it. */
  fail(with_: Error | undefined): void;
  raw(method: string, path: string, options?: RawOptions): Promise<RawReply>;
  client(token?: string): MciasClient;
  /** A fresh token of somebody of the usual house. */
  tokenOf(username: keyof typeof passwords): Promise<string>;
  idOf(username: string): Promise<string>;
  code(): string;
  /** Stops the authority and leaves its data folder as it is. */
  stop(): Promise<void>;
}

/**
 * An authority on a real TLS socket, with a data folder of its own and, where no other is named, a database in it.
 *
 * @param options.masterKey what stands in the file `master.key` before it starts
 */
export async function openHouse(
  house: object = usualHouse(),
  { database, masterKey }: { readonly database?: string; readonly masterKey?: string } = {},
): Promise<TestHouse> {
  const dataFolder = await mkdtemp(join(tmpdir(), "cardea-test-"));
  if (masterKey !== undefined) await writeFile(join(dataFolder, "master.key"), masterKey, { mode: 0o600 });
  const clock = turnableClock();
  let storage: Storage | undefined;
  let fault: Error | undefined;
  const authority = await startAuthority({
    dataFolder,
    ...(database !== undefined && { database }),
    house,
    port: 0,
    clock,
    wrapStorage: (real) => {
      storage = {
        kind: real.kind,
        read: real.read,
        ...(real.version !== undefined && { version: real.version }),
        unit: (work) => (fault === undefined ? real.unit(work) : Promise.reject(fault)),
        ping: () => real.ping(),
        close: () => real.close(),
      };
      return storage;
    },
  });
  const url = authority.urls["mcias"] as string;
  const ca = await readFile(authority.caCert as string, "utf8");
  // Handshakes would be most of what a request costs: connections are kept, and the CA is read once for all of them.
  const agent = new Agent({ keepAlive: true, secureContext: createSecureContext({ ca }) });
  const client = (token?: string) =>
    new MciasClient({ serverUrl: url, caCert: ca, ...(token !== undefined && { token }) });
  const tokens = new Map<string, string>();

  const self: TestHouse = {
    url,
    ca,
    dataFolder,
    clock,
    storage: storage as Storage,
    fail: (error) => {
      fault = error;
    },
    raw: (method, path, options = {}) => send(new URL(url + path), ca, method, { agent, ...options }),
    client,
    code: () => totpCode(ottoSecret, clock.now()),
    async tokenOf(username) {
      const code = username === "otto" ? self.code() : undefined;
      return (await client().login(username, passwords[username], code)).token;
    },
    async idOf(username) {
      const known = tokens.get("root") ?? (await self.tokenOf("root"));
      tokens.set("root", known);
      const found = (await client(known).listAccounts()).find((account) => account.username === username);
      if (found === undefined) throw new Error(`nobody is called ${username}`);
      return found.id;
    },
    async stop() {
      agent.destroy();
      await authority.close();
    },
    async [Symbol.asyncDispose]() {
      await self.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
  return self;
}

export function send(
  url: URL,
  ca: string,
  method: string,
  { token, body, headers = {}, agent }: RawOptions,
): Promise<RawReply> {
  const bytes =
    body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        ca,
        agent: agent ?? false,
        headers: {
          ...(bytes !== undefined && {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(bytes),
          }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parsed(text) });
        });
        incoming.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, any> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, any>;
}

export const uuid = (): string => randomUUID();
export const minute = 60_000;
export const day = 86_400_000;
