import { describe, expect, test } from "vitest";
import * as v from "valibot";
import { CardeaError, empty, json, manualClock, wire, type HttpReply } from "@cardea/core";
import { BodyLost, BodyTooLarge, type Inbound } from "../front/exchange.js";
import type { Log, LogFacts } from "../front/log.js";
import { inMemory } from "../front/memory.js";
import type { Origin } from "../identity/audit.js";
import type { Dialect } from "./dialect.js";
import { serveDialect } from "./serve.js";

const cases = {
  malformed: { status: 400, code: "bad_request", text: "malformed request" },
  no_token: { status: 401, code: "unauthorized", text: "authentication required" },
  not_allowed: { status: 403, code: "forbidden", text: "insufficient role" },
  not_found: { status: 404, code: "not_found", text: "not found" },
  method: { status: 405, code: "method_not_allowed", text: "method not allowed" },
  taken: { status: 409, code: "conflict", text: "taken" },
  large: { status: 413, code: "payload_too_large", text: "too large" },
  type: { status: 415, code: "unsupported_media_type", text: "wrong type" },
  slower: { status: 429, code: "rate_limited", text: "too many requests" },
  internal: { status: 500, code: "internal_error", text: "internal error" },
  busy: { status: 503, code: "internal_error", text: "too busy" },
} as const;

const fake = {
  cases,
  envelope: {
    write: ({ code, text }: { readonly code: string; readonly text: string }) => ({ error: text, code }),
    read: () => ({}),
  },
  callers: ["anyone", "member", "admin"],
  limits: { success: 1000, error: 1000 },
} as const;

const op = wire(fake);
const contract = {
  fake,
  health: op("GET /health", { caller: "anyone", reply: json(v.object({ status: v.string() })) }),
  login: op("POST /login", {
    caller: "anyone",
    json: v.object({ name: v.string() }),
    reply: json(v.object({ name: v.string() })),
    fails: ["taken", "no_token", "busy", "slower"],
  }),
  list: op("GET /things", { caller: "admin", reply: json(v.array(v.string())) }),
  create: op("POST /things", {
    caller: "admin",
    json: v.object({ name: v.string() }),
    reply: json(v.object({ name: v.string() }), { status: 201 }),
    fails: ["taken"],
  }),
  remove: op("DELETE /things/{id}", { caller: "member", reply: empty(), fails: ["not_found"] }),
  count: op("POST /things/count", { caller: "anyone", reply: json(v.object({ count: v.number() })) }),
  form: op("POST /form", {
    caller: "anyone",
    form: v.object({ a: v.string() }),
    reply: json(v.object({ a: v.string() })),
  }),
};

type Callers = {
  readonly anyone: undefined;
  readonly member: { readonly accountId: string };
  readonly admin: { readonly accountId: string };
};

const canary = "hunter2hunter2";

/** What a handler of the fake wire throws, by the name in the request. */
const trouble: Readonly<Record<string, () => unknown>> = {
  unknown: () => new Error(canary),
  storage: () => new CardeaError("the storage is away", { code: "storage_unavailable" }),
  busy: () => new CardeaError("too busy", { code: "busy", retryAfterMs: 1_200 }),
  busy_soon: () => new CardeaError("too busy", { code: "busy", retryAfterMs: 0 }),
  text: () => canary,
};

function setUp(change: Partial<Dialect<typeof contract, Callers>> = {}) {
  const origins: Origin[] = [];
  const logged: { readonly event: string; readonly facts: LogFacts | undefined }[] = [];
  const write = (event: string, facts?: LogFacts) => void logged.push({ event, facts });
  const log: Log = { info: write, warn: write, error: write };
  const clock = manualClock(0);
  const token = (request: Inbound) => request.headers["authorization"];
  const dialect: Dialect<typeof contract, Callers> = {
    wire: "fake",
    contract,
    errors: {
      ...fake,
      situations: {
        not_found: "not_found",
        method_not_allowed: "method",
        rate_limited: "slower",
        unsupported_type: "type",
        too_large: "large",
        malformed: "malformed",
        busy: "busy",
        internal: "internal",
      },
    },
    rules: { unknown: "refuse", nulls: "absent", json: { depth: 8, values: 10_000 } },
    bodyLimit: 100,
    rates: { login: { perSecond: 0.5, burst: 2 }, free: "off" },
    gate: {
      anyone: () => Promise.resolve({ caller: undefined }),
      member: (request) =>
        Promise.resolve(token(request) === undefined ? { refused: "no_token" } : { caller: { accountId: "m1" } }),
      admin: (request) =>
        Promise.resolve(
          token(request) === undefined
            ? { refused: "no_token" }
            : token(request) === "admin"
              ? { caller: { accountId: "a1" } }
              : { refused: "not_allowed" },
        ),
    },
    handlers: {
      health: {
        rate: "none",
        audit: [],
        handler: () => Promise.resolve({ status: "ok", secret: canary }),
      },
      login: {
        rate: "free",
        audit: ["login_ok"],
        handler: async ({ json: { name } }, { origin, refuse }) => {
          origins.push(origin);
          if (name === "taken" || name === "no_token" || name === "slower") return refuse(name);
          if (name === "worded") return refuse("taken", "that one is taken");
          const problem = trouble[name];
          if (problem !== undefined) throw problem();
          return { name };
        },
      },
      list: { rate: "login", audit: [], handler: () => Promise.resolve(["a"]) },
      create: {
        rate: "login",
        audit: ["account_created"],
        handler: async ({ json: { name } }, { origin }) => {
          origins.push(origin);
          return { name };
        },
      },
      remove: {
        rate: "none",
        audit: ["account_deleted"],
        handler: async ({ path: { id } }, { refuse }) => {
          if (id !== "1") refuse("not_found");
        },
      },
      count: { rate: "none", audit: [], handler: () => Promise.resolve({ count: 1 }) },
      form: { rate: "none", audit: [], handler: async ({ form }) => ({ a: form.a }) },
    },
    ...change,
  };
  const handle = serveDialect(dialect, { clock, log });
  const send = inMemory([{ name: "fake", prefix: "/fake", secureOnly: false, handle }], {
    origin: "https://localhost",
    clock,
    newId: () => "request-1",
  });
  return {
    clock,
    dialect,
    handle,
    origins,
    logged,
    call: (route: string, headers: Record<string, string> = {}, body?: string): Promise<HttpReply> => {
      const [method = "", path = ""] = route.split(" ");
      return send({
        method,
        url: `https://localhost/fake${path}`,
        headers,
        ...(body !== undefined && { body }),
        route,
        repeat: "never",
        limits: { success: 1000, error: 1000 },
      });
    },
  };
}

const text = ({ body }: HttpReply) => new TextDecoder().decode(body);
const typed = { "content-type": "application/json" };
const admin = { authorization: "admin", ...typed };
const long = JSON.stringify({ name: "x".repeat(100) });

describe("the order of answers", () => {
  test.each<[string, Record<string, string>, string | undefined, number]>([
    ["GET /nowhere", {}, undefined, 404],
    ["GET /health/", {}, undefined, 404],
    ["GET /Health", {}, undefined, 404],
    ["PUT /things", {}, "{", 405],
    ["OPTIONS /things", {}, undefined, 405],
    ["DELETE /things/count", { authorization: "x" }, undefined, 405],
    ["POST /things", { "content-type": "text/plain" }, long, 401],
    ["POST /things", { authorization: "x", "content-type": "text/plain" }, long, 403],
    ["POST /things", { authorization: "admin", "content-type": "text/plain" }, long, 415],
    ["POST /things", admin, long, 413],
    ["POST /things", admin, "{", 400],
    ["POST /things", admin, '{"name":1}', 400],
    ["POST /things", admin, '{"name":"a","more":1}', 400],
    ["POST /things", admin, undefined, 400],
    ["POST /things", admin, '{"name":"a"}', 201],
    ["DELETE /things/2", {}, undefined, 401],
    ["DELETE /things/2", { authorization: "x" }, undefined, 404],
    ["DELETE /things/1", { authorization: "x" }, "ignored", 204],
    ["DELETE /things/%ff", { authorization: "x" }, undefined, 404],
    ["POST /login", typed, '{"name":"taken"}', 409],
    ["GET /health", {}, undefined, 200],
    ["HEAD /health", {}, undefined, 200],
    ["GET /health?a=1", {}, undefined, 200],
    ["GET /health?a=1&a=2", {}, undefined, 400],
  ])("%s with %o and %s is %i", async (route, headers, body, status) => {
    const reply = await setUp().call(route, headers, body);
    expect(reply.status).toBe(status);
    expect(reply.headers["cache-control"]).toBe("no-store");
    expect(reply.headers["x-request-id"]).toBe("request-1");
    expect(reply.headers["content-type"]).toBe(status === 204 ? undefined : "application/json");
    expect(reply.headers["www-authenticate"]).toBe(status === 401 ? "Bearer" : undefined);
    expect(reply.body.length > 0).toBe(status !== 204 && !route.startsWith("HEAD"));
  });

  test("a method that the path lacks is told which it has", async () => {
    const reply = await setUp().call("PUT /things");
    expect(reply.headers["allow"]).toBe("GET, HEAD, POST");
    expect(text(reply)).toBe('{"error":"method not allowed","code":"method_not_allowed"}');
  });

  test("what is beyond the rate is refused before anybody asks who calls, and says when to come again", async () => {
    const { call, clock } = setUp();
    for (const status of [401, 401, 429, 429]) expect((await call("POST /things")).status).toBe(status);
    expect((await call("GET /things")).headers["retry-after"]).toBe("2");
    clock.advance(1_500);
    expect((await call("GET /things")).headers["retry-after"]).toBe("1");
    clock.advance(500);
    expect((await call("GET /things")).status).toBe(401);
  });

  test("unknown paths and methods take nothing from a rate", async () => {
    const { call } = setUp();
    for (let at = 0; at < 10; at += 1) {
      expect((await call("PUT /things")).status).toBe(405);
      expect((await call("POST /thing")).status).toBe(404);
    }
    expect((await call("POST /things")).status).toBe(401);
  });
});

describe("content types", () => {
  test.each([
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    'application/json ; charset="utf-8"',
  ])("%s is JSON", async (type) => {
    expect((await setUp().call("POST /login", { "content-type": type }, '{"name":"a"}')).status).toBe(200);
  });

  test.each([
    "",
    "text/plain",
    "text/plain; application/json",
    "application/json-patch+json",
    "application/jsonx",
    "xapplication/json",
    "application/json; charset=latin1",
    "application/json; charset=utf-8; charset=utf-16",
    "application/json; charset=",
    "application/json; boundary=x",
    "application/json,text/plain",
    "application/json\t; charset=utf-7",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "null",
  ])("%j is not", async (type) => {
    expect((await setUp().call("POST /login", { "content-type": type }, '{"name":"a"}')).status).toBe(415);
  });

  test("a body without a type is taken for the right one, and no body has none", async () => {
    const { call } = setUp();
    expect((await call("POST /login", {}, '{"name":"a"}')).status).toBe(200);
    expect((await call("POST /login", { "content-type": "text/plain" })).status).toBe(400);
    expect((await call("POST /things/count", { "content-type": "text/plain" }, "x")).status).toBe(200);
  });

  test("a form is read where the row has one, and a repeated parameter refused", async () => {
    const { call } = setUp();
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(text(await call("POST /form", form, "a=%2B+1"))).toBe('{"a":"+ 1"}');
    expect((await call("POST /form", form, "a=1&%61=2")).status).toBe(400);
    expect((await call("POST /form", typed, "a=1")).status).toBe(415);
  });
});

describe("a body whose length is not announced", () => {
  const request: Inbound = {
    id: "request-1",
    method: "POST",
    path: "/login",
    query: {},
    headers: typed,
    repeated: new Set(),
    address: "192.0.2.7",
    network: "192.0.2.7",
    origin: "https://localhost",
    mount: "/fake",
    secure: true,
    body: () => Promise.resolve(new TextEncoder().encode('{"name":"a"}')),
  };
  const wrong = { "content-type": "text/plain" };
  const tooLarge = () => Promise.reject(new BodyTooLarge());
  const nothing = () => Promise.resolve(new Uint8Array());

  test.each<[string, Partial<Inbound>, number]>([
    ["is read", {}, 200],
    ["is refused beyond the limit", { body: tooLarge }, 413],
    ["is of the wrong type first", { headers: wrong }, 415],
    ["is of the wrong type before it is too large", { headers: wrong, body: tooLarge }, 415],
    ["has no type where it is empty", { headers: wrong, body: nothing }, 400],
    ["has no type where two are given", { headers: {}, repeated: new Set(["content-type"]) }, 415],
  ])("%s", async (_, change, status) => {
    expect((await setUp().handle({ ...request, ...change })).status).toBe(status);
  });

  test("is asked for with the wire's limit, and not before the caller may send it", async () => {
    const limits: number[] = [];
    const body = (limit: number) => {
      limits.push(limit);
      return nothing();
    };
    const { handle } = setUp();
    await handle({ ...request, path: "/things", body });
    await handle({ ...request, path: "/things/count", body });
    expect(limits).toEqual([]);
    await handle({ ...request, body });
    expect(limits).toEqual([100]);
  });

  test("that does not come whole is the front door's matter", async () => {
    const lost = new BodyLost();
    await expect(setUp().handle({ ...request, body: () => Promise.reject(lost) })).rejects.toBe(lost);
  });
});

describe("what a handler does", () => {
  const login = (name: string) => {
    const setting = setUp();
    return setting.call("POST /login", typed, JSON.stringify({ name })).then((reply) => ({ ...setting, reply }));
  };

  test("members that the contract does not know never leave", async () => {
    expect(text(await setUp().call("GET /health"))).toBe('{"status":"ok"}');
  });

  test.each([
    ["taken", 409, "taken", undefined],
    ["worded", 409, "that one is taken", undefined],
    ["no_token", 401, "authentication required", undefined],
    ["slower", 429, "too many requests", "60"],
    ["busy", 503, "too busy", "2"],
    ["busy_soon", 503, "too busy", "1"],
    ["storage", 500, "internal error", undefined],
    ["unknown", 500, "internal error", undefined],
    ["text", 500, "internal error", undefined],
  ])("%s becomes %i", async (name, status, error, retryAfter) => {
    const { reply, logged } = await login(name);
    expect(reply.status).toBe(status);
    expect(JSON.parse(text(reply))).toMatchObject({ error });
    expect(reply.headers["retry-after"]).toBe(retryAfter);
    expect(JSON.stringify([reply.headers, text(reply), logged])).not.toContain(canary);
    expect(logged.map(({ facts }) => facts?.["id"])).toEqual(status === 500 ? ["request-1"] : []);
  });

  test("an output that breaks the contract, or a refusal that the wire does not have, is our fault", async () => {
    const { handlers } = setUp().dialect;
    for (const handler of [
      async () => ({ status: 1 }) as never,
      async (_: unknown, { refuse }: { refuse: (name: never) => never }) => refuse("constructor" as never),
    ]) {
      const { call, logged } = setUp({ handlers: { ...handlers, health: { rate: "none", audit: [], handler } } });
      expect((await call("GET /health")).status).toBe(500);
      expect(logged).toMatchObject([{ event: "request_failed", facts: { wire: "fake", operation: "health" } }]);
    }
  });

  test("it knows who acts, from where, and what it may write into the audit log", async () => {
    const { call, origins } = setUp();
    await call("POST /things", admin, '{"name":"a"}');
    await call("POST /login", admin, '{"name":"a"}');
    const where = { wire: "fake", address: "127.0.0.1", network: "127.0.0.1", requestId: "request-1" };
    expect(origins).toEqual([
      { ...where, operation: "create", actor: "a1", audits: ["account_created"] },
      { ...where, operation: "login", audits: ["login_ok"] },
    ]);
  });

  test("failures of many requests at once do not mix", async () => {
    const { call } = setUp();
    const names = Array.from({ length: 60 }, (_, at) => ["taken", "worded", "unknown", "busy", "fine"][at % 5] ?? "");
    const replies = await Promise.all(names.map((name) => call("POST /login", typed, JSON.stringify({ name }))));
    const texts = replies.map((reply) => `${reply.status} ${text(reply)}`);
    for (const [at, told] of texts.entries()) expect(told).toBe(texts[at % 5]);
    expect(new Set(texts).size).toBe(5);
  });
});

describe("a dialect with a gap does not start", () => {
  const { dialect } = setUp();
  const { health: _, ...withoutHealth } = dialect.handlers;
  const { admin: __, ...withoutAdmin } = dialect.gate;
  const strange = { ...dialect.errors, situations: { ...dialect.errors.situations, busy: "nothing" } };

  test.each<[string, object, RegExp]>([
    ["a handler", { handlers: withoutHealth }, /health has no handler/],
    ["a gate", { gate: withoutAdmin }, /has no gate for admin/],
    ["a rate", { rates: { free: "off" } }, /has no rate login/],
    ["a case", { errors: strange }, /busy stands for no case/],
  ])("without %s", (_, gap, message) => {
    expect(() => setUp(gap)).toThrow(message);
  });
});

test("a wire that is shut says so after route and method, and before rate, caller and body", async () => {
  const shut = new Set(["create", "login"]);
  const { call } = setUp({
    closed: (operation) => (shut.has(operation) ? "busy" : undefined),
    rates: { login: { perSecond: 0.5, burst: 1 }, free: "off" },
  });
  expect((await call("GET /nowhere")).status).toBe(404);
  expect((await call("PUT /things")).status).toBe(405);
  for (let n = 0; n < 3; n += 1) expect((await call("POST /things", {}, "{")).status).toBe(503);
  expect((await call("GET /things", { authorization: "admin" })).status, "it took nothing from the rate").toBe(200);
  expect((await call("GET /health")).status).toBe(200);
});
