import { createPublicKey, verify } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority, totpCode, type Authority, type AuthorityOptions, type Storage } from "@cardea/authority";
import { systemClock, type Clock } from "@cardea/core";
import { MciasClient } from "@cardea/mcias";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
// Stands for another process on the same database.
import { openSealsAt } from "../packages/authority/dist/master-key-exchange.js";
import { withdrawKey } from "../packages/authority/dist/identity/signing-key-states.js";
import { cardea } from "./cardea.js";
import { ottoSecret, passwords, usualHouse } from "./mcias/house.js";

let dataFolder: string;
let running: Authority | undefined;

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "cardea-keys-"));
});

afterEach(async () => {
  await stop();
  await rm(dataFolder, { recursive: true, force: true });
});

async function stop(): Promise<void> {
  await running?.close();
  running = undefined;
}

async function start(options: Partial<AuthorityOptions> = {}): Promise<(token?: string) => MciasClient> {
  await stop();
  running = await startAuthority({ house: usualHouse(), port: 0, ...options, dataFolder });
  const serverUrl = running.urls["mcias"] as string;
  const caCert = await readFile(running.caCert as string, "utf8");
  return (token) => new MciasClient({ serverUrl, caCert, ...(token !== undefined && { token }) });
}

/** What an offline verifier does with the key that it holds. */
function isSignedBy(key: { readonly x: string }, token: string): boolean {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.x }, format: "jwk" });
  return verify(null, Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, "base64url"));
}

/** The id of the key that signs for MCIAS. */
async function activeKey(): Promise<string> {
  const { out } = await cardea(["keys", "list", "--json", "--data", dataFolder]);
  const keys = JSON.parse(out) as { readonly kid: string; readonly wire: string; readonly state: string }[];
  return keys.find(({ wire, state }) => wire === "mcias" && state === "active")!.kid;
}

const alice = (client: MciasClient) => client.login("alice", passwords.alice);

describe("cardea keys rotate", () => {
  test("the key endpoint shows the new key, and tokens of both are valid", async () => {
    let client = await start();
    const { token: earlier } = await alice(client());
    const former = await client().getPublicKey();
    await stop();
    const { code, out } = await cardea(["keys", "rotate", "--data", dataFolder]);
    expect(code).toBe(0);
    expect(out).toMatch(/^mcias +EdDSA +active /);

    client = await start();
    const present = await client().getPublicKey();
    const { token: later } = await alice(client());
    expect(present.x).not.toBe(former.x);
    expect([isSignedBy(former, earlier), isSignedBy(present, later)]).toEqual([true, true]);
    expect(isSignedBy(present, earlier)).toBe(false);
    for (const token of [earlier, later]) expect(await client().validateToken(token)).toMatchObject({ valid: true });
  });

  test("of a house that runs the keys can be listed and not changed", async () => {
    await start();
    expect((await cardea(["keys", "list", "--data", dataFolder])).out).toMatch(/^audit .*\nmcias .*\n$/);
    const { code, err } = await cardea(["keys", "rotate", "--data", dataFolder]);
    expect(code).toBe(1);
    expect(err).toContain("is served by another process already");
  });

  test("a misspelt folder makes no house", async () => {
    const missing = join(dataFolder, "nowhere");
    expect(await cardea(["keys", "rotate", "--data", missing])).toMatchObject({ code: 1 });
    await expect(stat(missing)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("cardea keys withdraw", () => {
  test("what the key has signed is invalid, and a new key signs", async () => {
    let client = await start();
    const { token } = await alice(client());
    await stop();
    const kid = await activeKey();
    expect(await cardea(["keys", "withdraw", kid, "--data", dataFolder])).toMatchObject({ code: 0 });
    expect(await activeKey()).not.toBe(kid);

    client = await start();
    expect(await client().validateToken(token)).toMatchObject({ valid: false });
    const { token: later } = await alice(client());
    expect(await client().validateToken(later)).toMatchObject({ valid: true });
  });

  test.each([
    ["a key that no wire signs with", () => "nothing-of-the-kind", "no wire signs with a key"],
    ["the key of the audit log", auditKid, "no wire signs with a key"],
  ])("%s is refused", async (_, kid, says) => {
    await start();
    await stop();
    const { code, err } = await cardea(["keys", "withdraw", await kid(), "--data", dataFolder]);
    expect(code).toBe(1);
    expect(err).toContain(says);
  });

  async function auditKid(): Promise<string> {
    const { out } = await cardea(["keys", "list", "--json", "--data", dataFolder]);
    return (JSON.parse(out) as { kid: string; wire: string }[]).find(({ wire }) => wire === "audit")!.kid;
  }
});

/** A clock whose timers are due a thousand times sooner. */
function hastyClock(ahead = () => 0): Clock {
  return {
    now: () => systemClock.now() + ahead(),
    elapsed: () => systemClock.elapsed(),
    after: (ms, wake) => systemClock.after(ms / 1000, wake),
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("an authority that runs", () => {
  test("it drops tokens of a key that another process has withdrawn, also those it has verified before", async () => {
    let storage: Storage | undefined;
    const client = await start({ clock: hastyClock(), wrapStorage: (real) => (storage = real) });
    const { token } = await alice(client());
    expect(await client().validateToken(token)).toMatchObject({ valid: true });

    const fresh = { uuid: () => "unused", now: systemClock.now() };
    const seals = await openSealsAt(storage!, join(dataFolder, "master.key"), fresh);
    const line = { wire: "mcias", algorithm: "EdDSA", longestTokenMs: 1 } as const;
    const origin = { wire: "operator", operation: "keys withdraw" };
    await withdrawKey({ storage: storage!, seals }, origin, systemClock.now(), [line], await activeKey());
    await until(async () => !(await client().validateToken(token)).valid);
    const { token: later } = await alice(client());
    expect(await client().validateToken(later)).toMatchObject({ valid: true });
  });

  test("it rotates by itself where the house file says so, and signs nobody out", async () => {
    let ahead = 0;
    const house = usualHouse({ lifetimes: { humanSeconds: 90 * 86_400 } }, { keys: { rotateDays: 30 } });
    const client = await start({ clock: hastyClock(() => ahead), house });
    const { token } = await alice(client());
    const former = await client().getPublicKey();
    ahead = 31 * 86_400_000;
    await until(async () => (await client().getPublicKey()).x !== former.x);
    expect(await client().validateToken(token)).toMatchObject({ valid: true });
  });
});

describe("cardea keys rekey", () => {
  test.each([[[]], [["--reseal"]]])("everything works as before with %j", async (more) => {
    let client = await start();
    const { token } = await client().login("otto", passwords.otto, totpCode(ottoSecret, systemClock.now()));
    const { token: root } = await client().login("root", passwords.root);
    const ingest = (await client(root).listAccounts()).find(({ username }) => username === "ingest")!;
    await client(root).setPgCreds(ingest.id, "db", 5432, "app", "app", "a database password");
    const key = await client().getPublicKey();
    await stop();
    const former = await readFile(join(dataFolder, "master.key"), "utf8");

    const { code, out } = await cardea(["keys", "rekey", ...more, "--data", dataFolder]);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("is a new one") as string });
    expect(await readFile(join(dataFolder, "master.key"), "utf8")).not.toBe(former);

    client = await start();
    expect(await client().getPublicKey()).toEqual(key);
    expect(await client().validateToken(token)).toMatchObject({ valid: true });
    expect(await client(root).getPgCreds(ingest.id)).toMatchObject({ password: "a database password" });
  });
});
