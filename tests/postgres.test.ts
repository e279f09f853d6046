import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { exportHouse, importHouse } from "@cardea/authority";
import { systemClock } from "@cardea/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, findPostgres, startPostgres } from "../scripts/postgres.mjs";
import { openStorage } from "../packages/authority/dist/storage/open.js";
import { offer, singleUseKinds, type SingleUseKind } from "../packages/authority/dist/storage/single-use.js";
import { openHouse, passwords, usualHouse, type TestHouse } from "./mcias/house.js";

/** The server that the project's scripts have started for the tests. Where they found none, they say so. */
const server = process.env["CARDEA_TEST_POSTGRES"] ?? "";
const overPostgres = describe.skipIf(server === "");

const newMasterKey = () => randomBytes(32).toString("hex");

const login = (house: TestHouse, username: string, password: string) =>
  house.raw("POST", "/v1/auth/login", { body: { username, password } });

overPostgres("two authorities on one PostgreSQL database", () => {
  let pair: { readonly a: TestHouse; readonly b: TestHouse; readonly database: string };
  beforeAll(async () => {
    const database = createDatabase(server);
    const a = await openHouse(usualHouse(), { database });
    const masterKey = await readFile(join(a.dataFolder, "master.key"), "utf8");
    pair = { a, b: await openHouse(usualHouse(), { database, masterKey }), database };
  });
  afterAll(() => Promise.all([pair.a, pair.b].map((house) => house[Symbol.asyncDispose]())));

  test("make one of each key, though both are the first to start", async () => {
    const shared = { database: createDatabase(server), masterKey: newMasterKey() };
    const opening = Array.from({ length: 2 }, () => openHouse({}, shared));
    await using a = await opening[0]!;
    await using b = await opening[1]!;
    const keys = await Promise.all([a, b].map(async (house) => (await house.raw("GET", "/v1/keys/public")).text));
    expect(keys[0]).toBe(keys[1]);
    const rows = await a.storage.read.selectFrom("signing_keys").select(["wire", "algorithm"]).execute();
    const lines = rows.map(({ wire, algorithm }) => `${wire} ${algorithm}`);
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines).size, "one key a line").toBe(lines.length);
    expect(await a.storage.read.selectFrom("data_keys").select("id").execute()).toHaveLength(1);
  });

  test("both need the same master key, and what lacks it does not start", async () => {
    const { database } = pair;
    await expect(openHouse(usualHouse(), { database })).rejects.toMatchObject({ code: "master_key_missing" });
    const another = openHouse(usualHouse(), { database, masterKey: newMasterKey() });
    await expect(another).rejects.toMatchObject({ code: "wrong_master_key" });
  });

  test("a token of one is validated, renewed and revoked at the other, and is over at both at once", async () => {
    const { a, b } = pair;
    const first = await a.tokenOf("alice");
    expect(await b.client().validateToken(first)).toMatchObject({ valid: true });
    const renewed = await b.client(first).renewToken();
    expect(await a.client().validateToken(first)).toMatchObject({ valid: false });
    expect(await a.client().validateToken(renewed.token)).toMatchObject({ valid: true });
    await a.client(renewed.token).logout();
    expect(await b.client().validateToken(renewed.token)).toMatchObject({ valid: false });
  });

  test("of renewals of one token at both at once exactly one wins", async () => {
    const token = await pair.a.tokenOf("alice");
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? pair.a : pair.b).raw("POST", "/v1/auth/renew", { token }),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 401)]);
  });

  test("ten wrong guesses at one lock the account at the other, and no other account", async () => {
    const { a, b } = pair;
    const wrong = await login(a, "otto", "wrong password");
    expect((await login(b, "otto", passwords.otto)).text, "the password is right, a code is missing").not.toBe(
      wrong.text,
    );
    for (let guess = 1; guess < 10; guess += 1) await login(a, "otto", "wrong password");
    const locked = await login(b, "otto", passwords.otto);
    expect([locked.status, locked.text]).toEqual([wrong.status, wrong.text]);
    expect((await login(b, "root", passwords.root)).status).toBe(200);
  });

  test("of two administrators who delete each other by different doors, one stays", async () => {
    const { a, b } = pair;
    await a.client(await a.tokenOf("root")).setRoles(await a.idOf("alice"), ["admin"]);
    const [root, alice] = [await a.tokenOf("root"), await b.tokenOf("alice")];
    const [idOfAlice, idOfRoot] = [await a.idOf("alice"), await a.idOf("root")];
    const replies = await Promise.all([
      a.raw("DELETE", `/v1/accounts/${idOfAlice}`, { token: root }),
      b.raw("DELETE", `/v1/accounts/${idOfRoot}`, { token: alice }),
    ]);
    expect(replies.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(replies.filter(({ status }) => status >= 500)).toEqual([]);
  });
});

/** Consumes what it is told of, many times at once, and says how often it has won. */
const consumer = `
  import { createInterface } from "node:readline";
  const built = ${JSON.stringify(new URL("../packages/authority/dist/storage/", import.meta.url).href)};
  const { openStorage } = await import(built + "open.js");
  const { consume } = await import(built + "single-use.js");
  const { systemClock } = await import(process.argv[2]);
  const storage = await openStorage({ database: process.env.DATABASE, clock: systemClock });
  process.stdout.write("ready\\n");
  for await (const line of createInterface({ input: process.stdin })) {
    const { kind, digest, now } = JSON.parse(line);
    const tries = Array.from({ length: 12 }, () => storage.unit((tx) => consume(tx, { kind, digest, now })));
    const won = (await Promise.all(tries)).filter((consumed) => consumed !== undefined);
    process.stdout.write(won.length + "\\n");
  }
  await storage.close();
`;

function startConsumer(database: string) {
  const core = import.meta.resolve("@cardea/core");
  const child = spawn(process.execPath, ["--input-type=module", "--eval", consumer, "--", "consumer", core], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, DATABASE: database },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    said: async () => String((await lines.next()).value),
    tell: (order: object) => child.stdin.write(`${JSON.stringify(order)}\n`),
    async end() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
      expect(child.exitCode).toBe(0);
    },
  };
}

overPostgres("single use across processes", () => {
  test("whatever may be used once, of 24 who try in two processes exactly one wins", async () => {
    const database = createDatabase(server);
    const storage = await openStorage({ database, clock: systemClock });
    const consumers = [startConsumer(database), startConsumer(database)];
    expect(await Promise.all(consumers.map((one) => one.said()))).toEqual(["ready", "ready"]);
    const now = systemClock.now();
    for (const kind of Object.keys(singleUseKinds) as SingleUseKind[]) {
      const digest = createHash("sha256").update(kind).digest("hex");
      await storage.unit((tx) => offer(tx, { kind, digest, payload: {}, expiresAt: now + 60_000, now }));
      consumers.forEach((one) => one.tell({ kind, digest, now }));
      const wins = await Promise.all(consumers.map(async (one) => Number(await one.said())));
      expect(wins[0]! + wins[1]!, kind).toBe(1);
    }
    await Promise.all(consumers.map((one) => one.end()));
    await storage.close();
  });
});

overPostgres("a database that goes away and comes back", () => {
  test("meanwhile requests are refused in the words of the wire, afterwards they are served without a hand", async () => {
    // What it has answered must be there after the crash, so it keeps its promises to the disk.
    const own = await startPostgres(findPostgres()!, { durable: true });
    try {
      await using house = await openHouse(usualHouse(), { database: own.url });
      const ready = () => house.raw("GET", "/../readyz");
      const token = await house.tokenOf("alice");
      expect((await ready()).status).toBe(200);
      const underWay = Array.from({ length: 20 }, () => house.raw("POST", "/v1/auth/renew", { token }));

      await own.crash();
      for (const reply of await Promise.all(underWay)) expect([200, 401, 500]).toContain(reply.status);
      for (const [method, path, options] of [
        ["POST", "/v1/auth/login", { body: { username: "root", password: passwords.root } }],
        ["POST", "/v1/auth/logout", { token }],
      ] as const) {
        const reply = await house.raw(method, path, options);
        expect([reply.status, reply.text]).toEqual([500, '{"error":"internal error","code":"internal_error"}']);
      }
      const waiting = await ready();
      expect([waiting.status, waiting.body]).toEqual([503, { status: "not_ready", waiting_for: "storage" }]);

      await own.restart();
      expect((await ready()).status).toBe(200);
      const root = await house.tokenOf("root");
      expect(await house.client().validateToken(root)).toMatchObject({ valid: true });
    } finally {
      await own.stop();
    }
  }, 60_000);
});

overPostgres("a house that moves", () => {
  test("from a file to PostgreSQL and back it is the same, and tokens from before are good after", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cardea-move-"));
    try {
      const first = await openHouse();
      const masterKey = await readFile(join(first.dataFolder, "master.key"), "utf8");
      const token = await first.tokenOf("otto");
      const over = await first.tokenOf("alice");
      await first.client(over).logout();
      const creds = { host: "h", port: 1, database: "d", username: "u", password: "planted-db-secret" };
      const root = await first.tokenOf("root");
      const place = `/v1/accounts/${await first.idOf("ingest")}/pgcreds`;
      await first.raw("PUT", place, { token: root, body: creds });
      await first.stop();
      const [there, back] = [join(folder, "there.jsonl"), join(folder, "back.jsonl")];
      const location = { dataFolder: first.dataFolder };
      const exported = await exportHouse({ ...location, file: there });
      await first[Symbol.asyncDispose]();
      expect(await readFile(there, "utf8")).not.toContain("planted-db-secret");

      const database = createDatabase(server);
      expect(await importHouse({ dataFolder: folder, database, file: there })).toEqual(exported);
      expect(await exportHouse({ dataFolder: folder, database, file: back })).toEqual(exported);
      expect(await importHouse({ dataFolder: folder, file: back })).toEqual(exported);
      const again = await exportHouse({ dataFolder: folder, file: join(folder, "again.jsonl") });
      expect(again).toEqual(exported);

      await using moved = await openHouse(usualHouse(), { database, masterKey });
      expect(await moved.client().validateToken(token)).toMatchObject({ valid: true });
      expect(await moved.client().validateToken(over)).toMatchObject({ valid: false });
      expect((await moved.raw("GET", place, { token: root })).body).toEqual(creds);
      expect((await login(moved, "alice", passwords.alice)).status, "and it writes").toBe(200);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
