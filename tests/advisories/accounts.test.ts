import type { MciasClient } from "@cardea/mcias";
import { beforeEach, describe, expect, test } from "vitest";
import { pruneGuesses } from "../../packages/authority/dist/identity/guesses.js";
import { pruneTokens } from "../../packages/authority/dist/identity/issued-tokens.js";
import { pruneOneTime } from "../../packages/authority/dist/storage/single-use.js";
import { claimsOf, day, minute, openHouse, passwords, usualHouse, uuid, type TestHouse } from "../mcias/house.js";
import { agent, bodyFor, callOn, operations } from "./routes.js";
import { stateOf, tablesOf } from "./tables.js";

/** Members that no request may set, whatever others of the same account it may. */
const foreign: Readonly<Record<string, unknown>> = {
  id: uuid(),
  account_id: uuid(),
  sub: uuid(),
  jti: uuid(),
  account_type: "human",
  status: "active",
  roles: ["admin"],
  is_admin: true,
  username: "root",
  password: "another passphrase",
  totp_enabled: false,
  totp_secret: "GEZDGNBVGY3TQOJQ",
  created_at: "2020-01-01T00:00:00Z",
  updated_at: "2020-01-01T00:00:00Z",
  locked_until: 0,
  expires_at: "2099-01-01T00:00:00Z",
  constructor: { admin: true },
  __proto: { admin: true },
};

describe("rows 17, 46:", () => {
  test("no request sets what is not its own: each foreign member is refused, and nothing changes", async () => {
    await using house = await openHouse();
    const root = await house.tokenOf("root");
    const [alice, ingest] = [await house.idOf("alice"), await house.idOf("ingest")];
    const before = await stateOf(house);
    for (const [name, op] of operations.filter(([, { accepts }]) => accepts === "json")) {
      const id = /Pg|issue/i.test(name) ? ingest : alice;
      const own = bodyFor(name, id, root) ?? {};
      for (const [member, value] of Object.entries(foreign).filter(([key]) => !(key in own))) {
        // What the row itself has as an optional member is its own.
        if (name === "createAccount" && member === "password") continue;
        const body = { ...own, [member]: value };
        const reply = await callOn(house, [name, op], id, { token: root, body });
        expect([reply.status, reply.body?.code], `${name} with ${member}`).toEqual([400, "bad_request"]);
      }
      const text = JSON.stringify(own).replace(
        "{",
        `{"__proto__":{"roles":["admin"]}${Object.keys(own).length > 0 ? "," : ""}`,
      );
      const reply = await house.raw(op.method, op.path.replace("{id}", id), { agent, token: root, body: text });
      expect(reply.status, `${name} with __proto__`).toBe(400);
    }
    expect(await stateOf(house)).toBe(before);
  });
});

describe("row 18:", () => {
  test("who shows no credential gets nothing done for a victim that the request names", async () => {
    await using house = await openHouse();
    const [root, victim] = [await house.tokenOf("root"), await house.idOf("alice")];
    const { jti } = claimsOf(root) as { jti: string };
    const before = await stateOf(house);
    const asIf: Record<string, string>[] = [
      {},
      { "x-user": victim, "x-account-id": victim, "x-forwarded-user": "root", "x-remote-user": "root" },
      { cookie: `token=${root}; session=${root}` },
      { authorization: "Basic cm9vdDpyb290" },
      { authorization: `Token ${root}` },
      { authorization: root },
      { "proxy-authorization": `Bearer ${root}` },
    ];
    const guarded = operations.filter(([, { caller }]) => !["anyone", "bearer_if_any"].includes(caller));
    expect(guarded.length).toBeGreaterThan(10);
    for (const operation of guarded) {
      for (const headers of asIf) {
        const reply = await callOn(house, operation, victim, { jti, headers });
        expect(reply.status, `${operation[0]} with ${JSON.stringify(headers)}`).toBe(401);
      }
      const [name, op] = operation;
      const path = op.path.replace("{id}", victim).replace("{jti}", jti);
      const query = await house.raw(op.method, `${path}?access_token=${root}&token=${root}`, { agent });
      expect(query.status, `${name} with a token in the query`).toBe(401);
    }
    expect(await stateOf(house)).toBe(before);
  });
});

/** What brings an account to the state that the test is about. */
const states: Record<string, (admin: MciasClient, id: string, house: TestHouse) => Promise<unknown>> = {
  inactive: (admin, id) => admin.updateAccount(id, { status: "inactive" }),
  deleted: (admin, id) => admin.deleteAccount(id),
};

describe.each(Object.entries(states))("rows 35, 36: an account that is %s", (_, reach) => {
  let house: TestHouse;
  let root: string;
  beforeEach(async () => {
    house = await openHouse({
      ...usualHouse(),
      accounts: [
        ...(usualHouse() as { accounts: object[] }).accounts,
        { username: "boss", password: passwords.alice, roles: ["admin"] },
      ],
    });
    root = await house.tokenOf("root");
    return () => house[Symbol.asyncDispose]();
  });

  test("comes out at no door: not with a token of before, not with its password, not by its name", async () => {
    const admin = house.client(root);
    const boss = (await house.client().login("boss", passwords.alice)).token;
    const { token: service } = await admin.issueServiceToken(await house.idOf("ingest"));
    await admin.setPgCreds(await house.idOf("ingest"), "h", 1, "d", "u", "p");
    const bearers = { boss, ingest: service };
    const ids = {
      boss: await house.idOf("boss"),
      ingest: await house.idOf("ingest"),
      alice: await house.idOf("alice"),
    };
    for (const [name, token] of Object.entries(bearers)) {
      expect((await house.raw("POST", "/v1/token/validate", { body: { token } })).body.valid, `${name} before`).toBe(
        true,
      );
    }

    for (const id of Object.values(ids)) await reach(admin, id, house);
    const before = await stateOf(house);
    for (const [name, token] of Object.entries(bearers)) {
      for (const operation of operations) {
        const reply = await callOn(house, operation, ids.ingest, { token, jti: claimsOf(token)["jti"] });
        const what = `${operation[0]} with the token of ${name}`;
        if (operation[0] === "validateToken") expect(reply.text, what).toBe('{"valid":false}');
        else if (operation[1].caller === "anyone") expect(reply.status, what).not.toBe(403);
        else expect(reply.status, what).toBe(401);
      }
      expect((await house.raw("POST", "/v1/token/validate", { token })).text).toBe('{"valid":false}');
    }
    for (const username of ["boss", "alice"]) {
      const reply = await house.raw("POST", "/v1/auth/login", { body: { username, password: passwords.alice } });
      expect([reply.status, reply.body.code], username).toEqual([401, "unauthorized"]);
    }
    expect(
      (
        await callOn(
          house,
          operations.find(([name]) => name === "issueServiceToken")!,
          ids.ingest,
          { token: root },
        )
      ).status,
    ).toBeGreaterThanOrEqual(404);
    const again = { username: "alice", account_type: "human", password: passwords.alice };
    expect((await house.raw("POST", "/v1/accounts", { token: root, body: again })).status, "the name is kept").toBe(
      409,
    );
    expect(await stateOf(house)).toBe(before);
  });
});

describe("row 45:", () => {
  test("a lock holds for every way to ask, and ends nothing that was allowed before", async () => {
    await using house = await openHouse();
    const token = await house.tokenOf("otto");
    const login = (more: object) =>
      house.raw("POST", "/v1/auth/login", { body: { username: "otto", password: "wrong", ...more } });
    for (let at = 0; at < 10; at += 1) expect((await login({})).status).toBe(401);
    const right = { password: passwords.otto };
    for (const more of [
      {},
      { totp_code: house.code() },
      { totp_code: "" },
      { service_name: "s", totp_code: house.code() },
      { tags: ["t"], totp_code: house.code() },
    ]) {
      const reply = await login({ ...right, ...more });
      expect([reply.status, reply.body.code], JSON.stringify(Object.keys(more))).toEqual([401, "unauthorized"]);
    }
    expect((await house.raw("POST", "/v1/token/validate", { token })).body.valid).toBe(true);
    house.clock.turn(15 * minute);
    expect((await login({ ...right, totp_code: house.code() })).status).toBe(200);
  });
});

describe("row 48:", () => {
  test("no password lets in who has none", async () => {
    await using house = await openHouse({
      accounts: [
        { username: "root", password: passwords.root, roles: ["admin"] },
        { username: "ingest", type: "system" },
        { username: "unset" },
      ],
      mcias: { rates: { login: "off" } },
    });
    for (const username of ["ingest", "unset"]) {
      for (const password of ["", " ", "\u0000", "null", "undefined", username, "$argon2id$"]) {
        const reply = await house.raw("POST", "/v1/auth/login", { body: { username, password } });
        expect(reply.status, `${username} ${JSON.stringify(password)}`).toBe(password === "" ? 400 : 401);
      }
      for (const body of [{ username }, { username, password: null }]) {
        expect((await house.raw("POST", "/v1/auth/login", { body })).status).toBe(400);
      }
    }
  });
});

describe("row 39:", () => {
  test("of a life that is over nothing is left but the audit log and the tombstones", async () => {
    await using house = await openHouse();
    await house.tokenOf("root").then((token) => house.client(token).logout());
    const before = await tablesOf(house);

    const admin = house.client(await house.tokenOf("root"));
    const bob = await admin.createAccount("bob", "human", passwords.alice);
    await admin.setRoles(bob.id, ["user", "editor"]);
    const client = house.client();
    await client.login("bob", passwords.alice);
    await client.renewToken();
    await house.client().login("bob", passwords.alice);
    for (let at = 0; at < 12; at += 1)
      await house
        .client()
        .login("bob", "wrong")
        .catch(() => undefined);
    await house
      .client()
      .login("never-was", "wrong")
      .catch(() => undefined);
    const worker = await admin.createAccount("worker", "system");
    await admin.setRoles(worker.id, ["ingest"]);
    await admin.issueServiceToken(worker.id);
    await admin.issueServiceToken(worker.id);
    await admin.setPgCreds(worker.id, "h", 1, "d", "u", "p");
    await admin.updateAccount(bob.id, { status: "inactive" });
    await admin.deleteAccount(bob.id);
    await admin.deleteAccount(worker.id);
    await admin.logout();

    house.clock.turn(400 * day);
    const now = house.clock.now();
    await house.storage.unit(async (tx) => {
      await pruneTokens(tx, now - day);
      await pruneGuesses(tx, { limit: 10, windowMs: 15 * minute, lockMs: 15 * minute }, now);
      await pruneOneTime(tx, now);
    });

    const tombstones = new Set(["accounts", "identifiers", "subjects"]);
    for (const [table, rows] of await tablesOf(house)) {
      if (table.startsWith("audit_")) continue;
      const left = rows.length - (before.get(table)?.length ?? 0);
      if (tombstones.has(table)) expect(left, table).toBe(2);
      // Tokens of before the life are over by now as well.
      else expect(left, table).toBeLessThanOrEqual(0);
    }
  });
});
