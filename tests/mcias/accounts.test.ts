import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHouse, passwords, uuid, type RawReply, type TestHouse } from "./house.js";

const members = ["id", "username", "account_type", "status", "created_at", "updated_at", "totp_enabled"];
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

let house: TestHouse;
let root: string;
let alice: string;
beforeAll(async () => {
  house = await openHouse();
  root = await house.tokenOf("root");
  alice = await house.tokenOf("alice");
});
afterAll(() => house[Symbol.asyncDispose]());

const as = (token: string | undefined, method: string, path: string, body?: object | string): Promise<RawReply> =>
  house.raw(method, path, { ...(token !== undefined && { token }), ...(body !== undefined && { body }) });
const create = (body: object) => as(root, "POST", "/v1/accounts", body);
const fresh = async (type: "human" | "system" = "human") =>
  (
    await create({
      username: `${type}-${uuid().slice(0, 8)}`,
      account_type: type,
      ...(type === "human" && { password: passwords.alice }),
    })
  ).body as Record<string, any>;

describe("order of checks on administrators' routes (conformance 29)", () => {
  const nobody = uuid();
  const routes: [string, string, object | undefined, string | undefined][] = [
    ["POST", "/v1/accounts", { username: "x", account_type: "system" }, '{"username":1}'],
    ["GET", "/v1/accounts", undefined, undefined],
    ["GET", `/v1/accounts/${nobody}`, undefined, undefined],
    ["PATCH", `/v1/accounts/${nobody}`, { status: "inactive" }, '{"status":"deleted"}'],
    ["DELETE", `/v1/accounts/${nobody}`, undefined, undefined],
    ["GET", `/v1/accounts/${nobody}/roles`, undefined, undefined],
    ["PUT", `/v1/accounts/${nobody}/roles`, { roles: [] }, '{"roles":"admin"}'],
    ["POST", "/v1/token/issue", { account_id: nobody }, '{"account_id":"x"}'],
    ["DELETE", `/v1/token/${nobody}`, undefined, undefined],
    ["GET", `/v1/accounts/${nobody}/pgcreds`, undefined, undefined],
    [
      "PUT",
      `/v1/accounts/${nobody}/pgcreds`,
      { host: "h", port: 1, database: "d", username: "u", password: "p" },
      "{}",
    ],
  ];

  test.each(routes)("%s %s", async (method, path, good, bad) => {
    const [none, plain] = [await as(undefined, method, path, bad ?? good), await as(alice, method, path, bad ?? good)];
    expect([none.status, none.body]).toEqual([401, { error: "authentication required", code: "unauthorized" }]);
    expect(none.headers["www-authenticate"]).toBe("Bearer");
    expect([plain.status, plain.body]).toEqual([403, { error: "insufficient role", code: "forbidden" }]);
    if (bad !== undefined) expect((await as(root, method, path, bad)).status, "400 before 404").toBe(400);
    if (path.includes(nobody) || path === "/v1/token/issue") {
      const missing = await as(root, method, path, good);
      expect([missing.status, missing.body]).toEqual([404, { error: "not found", code: "not_found" }]);
    }
  });

  test.each(["not-a-uuid", "1", "%00", "..%2f", "ffffffff-ffff-ffff-ffff-fffffffffffg"])(
    "an id %s is 404",
    async (id) => {
      for (const path of [`/v1/accounts/${id}`, `/v1/accounts/${id}/roles`, `/v1/accounts/${id}/pgcreds`]) {
        expect((await as(root, "GET", path)).status).toBe(404);
      }
    },
  );
});

describe("creating (conformance 30)", () => {
  test("gives an active account with both times equal, and nothing besides the seven members", async () => {
    const reply = await create({ username: "made.by_test@x-1", account_type: "human", password: passwords.alice });
    expect(reply.status).toBe(201);
    expect(Object.keys(reply.body)).toEqual(members);
    expect(reply.body).toMatchObject({
      username: "made.by_test@x-1",
      account_type: "human",
      status: "active",
      totp_enabled: false,
    });
    expect(reply.body.created_at).toMatch(time);
    expect(reply.body.updated_at).toBe(reply.body.created_at);
    expect((await as(root, "GET", `/v1/accounts/${reply.body.id}/roles`)).body).toEqual({ roles: [] });
  });

  test.each<[string, object]>([
    ["a human without a password", { account_type: "human" }],
    ["a human with a null password", { account_type: "human", password: null }],
    ["a human with an empty password", { account_type: "human", password: "" }],
    ["a short password", { account_type: "human", password: "elevenbytes" }],
    ["a password of 1025 bytes", { account_type: "human", password: "é".repeat(512) + "x" }],
    ["a system account with a password", { account_type: "system", password: passwords.alice }],
    ["a system account with an empty password", { account_type: "system", password: "" }],
    ["an unknown kind", { account_type: "robot" }],
    ["no kind", {}],
    ["an unknown member", { account_type: "system", roles: ["admin"] }],
    ["an id of the caller's choice", { account_type: "system", id: uuid() }],
  ])("%s is 400 and makes nothing", async (_, body) => {
    const username = `no-${uuid().slice(0, 8)}`;
    const reply = await create({ username, ...body });
    expect([reply.status, reply.body.code]).toEqual([400, "bad_request"]);
    expect((await house.client(root).listAccounts()).some((account) => account.username === username)).toBe(false);
  });

  test.each(["", "-x", ".x", "a b", "x\n", "é", "a".repeat(64), "a/b", "ａ", "a\u0000b"])(
    "the username %j is 400",
    async (username) => {
      expect((await create({ username, account_type: "system" })).status).toBe(400);
    },
  );

  test("a null password of a system account is absence; 63 characters and 12 bytes are enough", async () => {
    expect((await create({ username: "a".repeat(63), account_type: "system", password: null })).status).toBe(201);
    expect((await create({ username: "twelve", account_type: "human", password: "éééééé" })).status).toBe(201);
  });

  test("a name is taken for ever, and its case makes another name", async () => {
    const account = await fresh();
    const again = { username: account["username"], account_type: "system" };
    expect((await create(again)).body).toEqual({ error: "username already exists", code: "conflict" });
    await as(root, "DELETE", `/v1/accounts/${account["id"]}`);
    expect((await create(again)).status).toBe(409);
    expect((await create({ ...again, username: account["username"].toUpperCase() })).status).toBe(201);
  });

  test("45: of creations of one name at once exactly one wins", async () => {
    const username = `race-${uuid().slice(0, 8)}`;
    const body = { username, account_type: "human", password: passwords.alice };
    const replies = await Promise.all(Array.from({ length: 6 }, () => create(body)));
    expect(replies.map((reply) => reply.status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });
});

describe("changing and deleting (conformance 31, 32)", () => {
  test("31: deactivating and deleting revoke every token", async () => {
    for (const end of ["inactive", "deleted"]) {
      const account = await fresh();
      const tokens = await Promise.all(
        [1, 2].map(async () => (await house.client().login(account["username"], passwords.alice)).token),
      );
      const reply =
        end === "inactive"
          ? await as(root, "PATCH", `/v1/accounts/${account["id"]}`, { status: "inactive" })
          : await as(root, "DELETE", `/v1/accounts/${account["id"]}`);
      expect(reply.status).toBe(end === "inactive" ? 200 : 204);
      for (const token of tokens) expect((await house.client().validateToken(token)).valid).toBe(false);
    }
  });

  test("31: the status `deleted` and no body are 400; nothing, null and the present status change nothing", async () => {
    const account = await fresh();
    const patch = (body?: object | string) => as(root, "PATCH", `/v1/accounts/${account["id"]}`, body);
    for (const body of [{ status: "deleted" }, { status: "Active" }, { status: 1 }, undefined]) {
      expect((await patch(body)).status, JSON.stringify(body)).toBe(400);
    }
    for (const body of [{}, { status: null }, { status: "active" }]) expect((await patch(body)).body).toEqual(account);
  });

  test("2.1: `updated_at` moves with the status and with nothing else", async () => {
    const account = await fresh();
    const get = async () => (await as(root, "GET", `/v1/accounts/${account["id"]}`)).body;
    house.clock.turn(5_000);
    await as(root, "PUT", `/v1/accounts/${account["id"]}/roles`, { roles: ["user"] });
    await house.client().login(account["username"], passwords.alice);
    expect(await get()).toEqual(account);
    const changed = (await as(root, "PATCH", `/v1/accounts/${account["id"]}`, { status: "inactive" })).body;
    expect(changed.created_at).toBe(account["created_at"]);
    expect(changed.updated_at > account["updated_at"]).toBe(true);
    expect(await get()).toEqual(changed);
  });

  test("32: a deleted account is off the list, readable by id, and otherwise gone", async () => {
    const account = await fresh("system");
    const at = `/v1/accounts/${account["id"]}`;
    await as(root, "PUT", `${at}/pgcreds`, { host: "h", port: 1, database: "d", username: "u", password: "p" });
    expect((await as(root, "DELETE", at)).status).toBe(204);
    expect((await as(root, "GET", at)).body).toMatchObject({ id: account["id"], status: "deleted" });
    expect((await house.client(root).listAccounts()).some(({ id }) => id === account["id"])).toBe(false);
    const rest: [string, string, object?][] = [
      ["PATCH", at, { status: "active" }],
      ["PATCH", at, {}],
      ["DELETE", at],
      ["GET", `${at}/roles`],
      ["PUT", `${at}/roles`, { roles: [] }],
      ["GET", `${at}/pgcreds`],
      ["PUT", `${at}/pgcreds`, { host: "h", port: 1, database: "d", username: "u", password: "p" }],
    ];
    for (const [method, path, body] of rest)
      expect((await as(root, method, path, body)).status, `${method} ${path}`).toBe(404);
  });

  test("32: the last administrator cannot be deleted, deactivated or stripped, and a system account does not count", async () => {
    await using own = await openHouse();
    const token = await own.tokenOf("root");
    const id = await own.idOf("root");
    const client = own.client(token);
    await client.setRoles(await own.idOf("ingest"), ["admin"]);
    const tries: [string, string, object?][] = [
      ["DELETE", `/v1/accounts/${id}`],
      ["PATCH", `/v1/accounts/${id}`, { status: "inactive" }],
      ["PUT", `/v1/accounts/${id}/roles`, { roles: ["user"] }],
    ];
    for (const [method, path, body] of tries) {
      const reply = await own.raw(method, path, { token, ...(body && { body }) });
      expect([reply.status, reply.body]).toEqual([409, { error: "last administrator", code: "conflict" }]);
    }
    await client.setRoles(await own.idOf("alice"), ["admin"]);
    expect((await own.raw("DELETE", `/v1/accounts/${id}`, { token })).status).toBe(204);
    expect((await own.raw("GET", "/v1/accounts", { token })).status, "its own token died with it").toBe(401);
  });

  test("32: of two administrators who delete each other at once, one stays", async () => {
    await using own = await openHouse();
    await own.client(await own.tokenOf("root")).setRoles(await own.idOf("alice"), ["admin"]);
    const [a, b] = [await own.tokenOf("root"), await own.tokenOf("alice")];
    const [first, second] = [await own.idOf("alice"), await own.idOf("root")];
    const replies = await Promise.all([
      own.raw("DELETE", `/v1/accounts/${first}`, { token: a }),
      own.raw("DELETE", `/v1/accounts/${second}`, { token: b }),
    ]);
    expect(replies.filter((reply) => reply.status === 204)).toHaveLength(1);
  });

  test("the list is ordered by creation in whole seconds, then by id", async () => {
    for (let i = 0; i < 4; i += 1) await fresh("system");
    house.clock.turn(1_000);
    await fresh("system");
    const list = await house.client(root).listAccounts();
    const keys = list.map((account) => `${account.createdAt.toISOString()} ${account.id}`);
    expect(keys).toEqual([...keys].sort());
  });
});

describe("roles (conformance 33)", () => {
  test("are replaced whole, merged, sorted by code point, and may be none", async () => {
    const account = await fresh();
    const at = `/v1/accounts/${account["id"]}/roles`;
    const put = await as(root, "PUT", at, { roles: ["user", "editor", "user", "a.b_c-d", "a-b"] });
    expect([put.status, put.text]).toEqual([204, ""]);
    expect((await as(root, "GET", at)).text).toBe('{"roles":["a-b","a.b_c-d","editor","user"]}');
    await as(root, "PUT", at, { roles: [] });
    expect((await as(root, "GET", at)).body).toEqual({ roles: [] });
  });

  test.each([
    ["null", { roles: null }],
    ["a null inside", { roles: [null] }],
    ["upper case", { roles: ["Admin"] }],
    ["an empty name", { roles: [""] }],
    ["a line break", { roles: ["admin\n"] }],
    ["65 names", { roles: Array.from({ length: 65 }, (_, i) => `r${i}`) }],
    ["no member", {}],
  ])("%s is 400", async (_, body) => {
    const account = await fresh();
    expect((await as(root, "PUT", `/v1/accounts/${account["id"]}/roles`, body)).status).toBe(400);
  });
});

describe("database credentials (conformance 36)", () => {
  const creds = {
    host: "db.example.com",
    port: 5432,
    database: "ingest",
    username: "ingest_rw",
    password: "planted-db-secret",
  };

  test("404 before they are set, then the same as they were given, sealed at rest", async () => {
    const account = await fresh("system");
    const at = `/v1/accounts/${account["id"]}/pgcreds`;
    expect((await as(root, "GET", at)).status).toBe(404);
    expect((await as(root, "PUT", at, creds)).status).toBe(204);
    const got = await as(root, "GET", at);
    expect(got.body).toEqual(creds);
    expect(Object.keys(got.body)).toEqual(["host", "port", "database", "username", "password"]);
    expect(got.headers["cache-control"]).toContain("no-store");
    for (const name of await readdir(house.dataFolder, { recursive: true })) {
      const bytes = await readFile(join(house.dataFolder, name)).catch(() => Buffer.alloc(0));
      expect(bytes.includes("planted-db-secret"), name).toBe(false);
    }
  });

  test("may be read by the account itself, and of no other account by anybody but an administrator", async () => {
    const [mine, other] = [await fresh("system"), await fresh("system")];
    const { body } = await as(root, "POST", "/v1/token/issue", { account_id: mine["id"] });
    const read = (id: string, token: string) => as(token, "GET", `/v1/accounts/${id}/pgcreds`);
    expect((await read(mine["id"], body.token)).status, "its own, none stored").toBe(404);
    await as(root, "PUT", `/v1/accounts/${mine["id"]}/pgcreds`, creds);
    expect((await read(mine["id"].toUpperCase(), body.token)).body).toEqual(creds);
    expect((await read(other["id"], body.token)).status).toBe(403);
    expect((await read(uuid(), body.token)).status, "whether or not it exists").toBe(403);
    expect((await as(body.token, "PUT", `/v1/accounts/${mine["id"]}/pgcreds`, creds)).status).toBe(403);
  });

  test("a human has none: 400 to set, 404 to read", async () => {
    const account = await fresh();
    const at = `/v1/accounts/${account["id"]}/pgcreds`;
    expect((await as(root, "PUT", at, creds)).status).toBe(400);
    expect((await as(root, "GET", at)).status).toBe(404);
  });

  test.each<[string, object]>([
    ["port 0", { port: 0 }],
    ["port 65536", { port: 65536 }],
    ["port 1.5", { port: 1.5 }],
    ["a port as text", { port: "5432" }],
    ["an empty host", { host: "" }],
    ["a null password", { password: null }],
    ["a text of 1025 bytes", { database: "x".repeat(1025) }],
    ["an unknown member", { sslmode: "require" }],
  ])("%s is 400", async (_, change) => {
    const account = await fresh("system");
    expect((await as(root, "PUT", `/v1/accounts/${account["id"]}/pgcreds`, { ...creds, ...change })).status).toBe(400);
  });

  test("an inactive account can be prepared", async () => {
    const account = await fresh("system");
    const at = `/v1/accounts/${account["id"]}`;
    await as(root, "PATCH", at, { status: "inactive" });
    expect((await as(root, "PUT", `${at}/roles`, { roles: ["user"] })).status).toBe(204);
    expect((await as(root, "PUT", `${at}/pgcreds`, creds)).status).toBe(204);
    expect((await as(root, "GET", `${at}/pgcreds`)).body).toEqual(creds);
  });
});
