import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHouse, passwords, usualHouse, uuid, type TestHouse } from "./house.js";

let house: TestHouse;
let root: string;
beforeAll(async () => {
  house = await openHouse();
  root = await house.tokenOf("root");
});
afterAll(() => house[Symbol.asyncDispose]());

/** Every route that reads a body, with a body that it takes. */
const nobody = uuid();
const withBody: [string, string, object][] = [
  ["POST", "/v1/auth/login", { username: "alice", password: passwords.alice }],
  ["POST", "/v1/auth/logout", {}],
  ["POST", "/v1/auth/renew", {}],
  ["POST", "/v1/token/validate", { token: "x" }],
  ["POST", "/v1/accounts", { username: "nobody", account_type: "system" }],
  ["PATCH", `/v1/accounts/${nobody}`, { status: "active" }],
  ["PUT", `/v1/accounts/${nobody}/roles`, { roles: ["user"] }],
  ["POST", "/v1/token/issue", { account_id: nobody }],
  ["PUT", `/v1/accounts/${nobody}/pgcreds`, { host: "h", port: 1, database: "d", username: "u", password: "p" }],
];

describe.each(withBody)("%s %s", (method, path, good) => {
  const send = (body: string | Buffer, headers: Record<string, string> = {}) =>
    house.raw(method, path, { token: root, body, headers });
  const text = JSON.stringify(good);

  test.each<[string, string | Buffer]>([
    ["an unknown member", text.replace(/\}$/, `${text === "{}" ? "" : ","}"surplus":1}`)],
    [
      "a member in another case",
      text === "{}" ? '{"A":1}' : text.replace(/"([a-z])/, (_, first: string) => `"${first.toUpperCase()}`),
    ],
    ["something after the object", `${text} {}`],
    ["a duplicate name", '{"a":1,"a":1}'],
    ["a duplicate name, once escaped", '{"a":1,"\\u0061":1}'],
    ["a nested duplicate name", '{"a":{"b":1,"b":1}}'],
    ["a byte order mark", `\ufeff${text}`],
    ["invalid UTF-8", Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff), Buffer.from('"}')])],
    ["an unpaired surrogate", '{"a":"\\ud800"}'],
    ["deep nesting", `{"a":${"[".repeat(40)}${"]".repeat(40)}}`],
    ["an array", "[]"],
    ["null", "null"],
    ["a text", '"x"'],
    ["half an object", "{"],
  ])("37, 43: %s is 400", async (_, body) => {
    const reply = await send(body);
    expect([reply.status, reply.body?.code]).toEqual([400, "bad_request"]);
    expect(Object.keys(reply.body)).toEqual(["error", "code"]);
  });

  test("37: another content type is 415, the right one in other spellings and none are taken", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
      "application/jsonx",
      "text/json",
    ]) {
      expect((await send('{"surplus":1}', { "content-type": type })).status, type).toBe(415);
    }
    // A body that is not taken anyway, so that no route does its work: what counts is that the type is no reason.
    for (const type of [
      "application/json",
      "application/json; charset=utf-8",
      "Application/JSON;charset=UTF-8",
      'application/json; charset="utf-8"',
    ]) {
      expect((await send('{"surplus":1}', { "content-type": type })).status, type).toBe(400);
    }
  });

  test("37: a body of more than a mebibyte is 413, told or not", async () => {
    const large = `{"a":"${"x".repeat(1024 * 1024)}"}`;
    expect((await send(large)).status).toBe(413);
    const chunked = await house
      .raw(method, path, {
        token: root,
        body: large,
        headers: { "transfer-encoding": "chunked", "content-length": [] as unknown as string },
      })
      .catch(() => undefined);
    if (chunked !== undefined) expect(chunked.status).toBe(413);
  });
});

describe("bodies that must be there (conformance 43)", () => {
  test.each(withBody.filter(([, path]) => !/logout|renew|validate/.test(path)))(
    "%s %s without a body is 400",
    async (method, path) => {
      expect((await house.raw(method, path, { token: root })).status).toBe(400);
      expect((await house.raw(method, path, { token: root, body: "" })).status).toBe(400);
    },
  );

  test("an empty body has no type to check", async () => {
    const reply = await house.raw("POST", "/v1/token/validate", {
      body: "",
      headers: { "content-type": "text/plain" },
    });
    expect([reply.status, reply.text]).toEqual([200, '{"valid":false}']);
  });
});

describe("routes (conformance 46)", () => {
  test.each([
    ["GET", "/v1/auth/login", "POST"],
    ["GET", "/v1/token/validate", "POST"],
    ["DELETE", "/v1/token/validate", "POST"],
    ["DELETE", "/v1/token/issue", "POST"],
    ["POST", `/v1/token/${nobody}`, "DELETE"],
    ["POST", "/v1/health", "GET"],
    ["PUT", `/v1/accounts/${nobody}`, "PATCH"],
    ["OPTIONS", "/v1/accounts", "POST"],
    ["TRACE", "/v1/health", "GET"],
  ])("%s %s is 405 without a token, and allows %s", async (method, path, allowed) => {
    const reply = await house.raw(method, path);
    expect(reply.status).toBe(405);
    expect(String(reply.headers["allow"]).split(", ")).toContain(allowed);
    expect(reply.body).toEqual({ error: "method not allowed", code: "method_not_allowed" });
  });

  test.each([
    "/",
    "/v1",
    "/v1/",
    "/v1/health/",
    "//v1/health",
    "/v1//health",
    "/v1/./health",
    "/v1/x/../health",
    "/v1/%2e/health",
    "/v1/x/%2E%2e/health",
    "/V1/health",
    "/v1/Health",
    "/v1/health%2f",
    "/v1/health%00",
    "/v1/health;x=1",
    "/v1/accounts/a/b/c",
    "/v1/unknown",
  ])("GET %s is 404", async (path) => {
    const reply = await rawPath(path);
    expect(reply).toBe(404);
  });

  /** `URL` would tidy the path before it is sent. */
  async function rawPath(path: string): Promise<number> {
    const { request } = await import("node:https");
    const { hostname, port, pathname } = new URL(house.url);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          hostname,
          port,
          path: pathname + path,
          ca: house.ca,
          agent: false,
          headers: { authorization: `Bearer ${root}` },
        },
        (incoming) => {
          incoming.resume();
          resolve(incoming.statusCode ?? 0);
        },
      );
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  test("HEAD is answered like GET, without a body", async () => {
    const reply = await house.raw("HEAD", "/v1/health");
    expect([reply.status, reply.text, reply.headers["content-type"]]).toEqual([200, "", "application/json"]);
  });

  test.each<[string, Record<string, string | string[]>, string]>([
    ["two headers", { authorization: ["Bearer x", "Bearer y"] }, ""],
    ["another scheme", { authorization: "Basic eDp5" }, ""],
    ["no token", { authorization: "Bearer" }, ""],
    ["a cookie", { cookie: "token=x" }, ""],
    ["a query", {}, "?access_token=x"],
  ])("a token in %s counts for none", async (_, headers, query) => {
    const replace = (value: string | string[]) =>
      JSON.parse(JSON.stringify(value).replaceAll(/\bx\b/g, root)) as string;
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, replace(value)]));
    const reply = await house.raw("GET", `/v1/accounts${query.replace("x", root)}`, { headers: sent });
    expect([reply.status, reply.body]).toEqual([401, { error: "authentication required", code: "unauthorized" }]);
    expect(reply.headers["www-authenticate"]).toBe("Bearer");
  });

  test.each(["bearer", "BEARER", "Bearer  ", "bEaReR   "])("the scheme %j is taken", async (scheme) => {
    const reply = await house.raw("GET", "/v1/accounts", { headers: { authorization: `${scheme} ${root}` } });
    expect(reply.status).toBe(200);
  });

  test("queries, and bodies on GET and DELETE, mean nothing", async () => {
    expect((await house.raw("GET", "/v1/health?status=down")).body).toEqual({ status: "ok" });
    expect(
      (await house.raw("GET", "/v1/accounts", { token: root, body: "{", headers: { "content-type": "text/plain" } }))
        .status,
    ).toBe(200);
    expect((await house.raw("DELETE", `/v1/token/${nobody}`, { token: root, body: "[" })).status).toBe(404);
  });

  test("a garbled header on a route for anyone is ignored", async () => {
    const reply = await house.raw("GET", "/v1/health", {
      headers: { authorization: "Bearer \u0001".replace("\u0001", "%%%") },
    });
    expect(reply.status).toBe(200);
  });
});

describe("shapes (conformance 38, 39)", () => {
  test("seed: every reply has exactly the members of 2.1", async () => {
    const token = await house.tokenOf("alice");
    const validated = await house.raw("POST", "/v1/token/validate", { body: { token } });
    expect(Object.keys(validated.body)).toEqual(["valid", "sub", "roles", "expires_at"]);
    expect((await house.raw("GET", "/v1/health")).text).toBe('{"status":"ok"}');
    const renewed = await house.raw("POST", "/v1/auth/renew", { token });
    expect(Object.keys(renewed.body)).toEqual(["token", "expires_at"]);
    expect(renewed.headers["cache-control"]).toContain("no-store");
    const list = await house.raw("GET", "/v1/accounts", { token: root });
    expect(Array.isArray(list.body)).toBe(true);
    for (const account of list.body) {
      expect(Object.keys(account)).toEqual([
        "id",
        "username",
        "account_type",
        "status",
        "created_at",
        "updated_at",
        "totp_enabled",
      ]);
    }
    expect(list.body.find((account: any) => account.username === "otto").totp_enabled).toBe(true);
  });

  test("extended: validation adds the username, and nothing else is added", async () => {
    await using own = await openHouse(usualHouse({ profile: "extended" }));
    const reply = await own.raw("POST", "/v1/token/validate", { body: { token: await own.tokenOf("alice") } });
    expect(Object.keys(reply.body)).toEqual(["valid", "sub", "username", "roles", "expires_at"]);
    expect(reply.body.username).toBe("alice");
  });

  test("every reply with a body is JSON, errors too", async () => {
    for (const [method, path] of [
      ["GET", "/v1/health"],
      ["GET", "/nowhere"],
      ["GET", "/v1/auth/login"],
      ["GET", "/v1/accounts"],
    ] as const) {
      expect((await house.raw(method, path)).headers["content-type"]).toBe("application/json");
    }
  });
});
