import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { DecodeError, InputError, RefusedError } from "../errors.js";
import type { HttpReply } from "../http.js";
import { BadRequest, readInput, writeOutput, type ReadRules } from "../serve.js";
import { Secret } from "../secret.js";
import { empty, hedge, json, reroute, wire, type CaseOf, type InputOf, type OutputOf, type Target } from "./index.js";

const op = wire({
  cases: {
    malformed: { status: 400, code: "bad_request", text: "malformed request" },
    gone: { status: 404, code: "not_found", text: "not found" },
    broken: { status: 500, code: "internal_error", text: "internal error" },
  },
  envelope: {
    write: ({ code, text }) => ({ error: text, code }),
    read: (body) => ({
      ...(typeof body["error"] === "string" && { text: body["error"] }),
      ...(typeof body["code"] === "string" && { code: body["code"] }),
    }),
  },
  callers: ["anyone", "bearer"],
  limits: { success: 1024, error: 256 },
});

const Thing = v.object({
  id: v.string(),
  size: v.exactOptional(v.number()),
  tags: v.exactOptional(v.array(v.string())),
});

const putThing = op("PUT /v1/boxes/{box}/things/{id}", {
  caller: "bearer",
  json: Thing,
  reply: json(Thing, {
    status: 201,
    tolerates: [200],
    hedges: [hedge(v.array(Thing), (list) => list[0] ?? { id: "none" })],
  }),
  fails: ["gone"],
});
const search = op("GET /v1/things", {
  caller: "anyone",
  query: v.object({ name: v.string(), limit: v.exactOptional(v.string()) }),
  reply: json(v.array(Thing)),
});
const touch = op("POST /v1/touch", { caller: "bearer", json: v.optional(v.object({})), reply: empty() });
const token = op("POST /oauth/token", {
  caller: "anyone",
  form: v.object({ grant_type: v.string() }),
  reply: empty(200),
});

const target: Target = { baseUrl: "https://host/base", credential: Secret.of("Bearer abc.def"), decoding: "strict" };
const reply = (status: number, body: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
});

describe("a row of a contract", () => {
  test("shows plain types", () => {
    expectTypeOf<InputOf<typeof putThing>>().toEqualTypeOf<{
      path: { box: string; id: string };
      json: { id: string; size?: number; tags?: string[] };
    }>();
    expectTypeOf<InputOf<typeof touch>>().toEqualTypeOf<{ json?: {} }>();
    expectTypeOf<OutputOf<typeof search>>().toEqualTypeOf<{ id: string; size?: number; tags?: string[] }[]>();
    expectTypeOf<CaseOf<typeof putThing>>().toEqualTypeOf<"gone">();
    expectTypeOf<CaseOf<typeof search>>().toEqualTypeOf<never>();
  });

  test("refuses a caller, or a case, that the wire does not have", () => {
    // @ts-expect-error the wire has no such caller
    op("GET /v1/a", { caller: "admin", reply: empty() });
    // @ts-expect-error the wire has no such case
    op("GET /v1/a", { caller: "anyone", reply: empty(), fails: ["teapot"] });
  });
});

describe("encoding", () => {
  test("fills the path, carries the credential and the body", () => {
    const request = putThing.encode({ path: { box: "a/b", id: "x y" }, json: { id: "1" } }, target);
    expect(request).toEqual({
      method: "PUT",
      url: "https://host/base/v1/boxes/a%2Fb/things/x%20y",
      headers: { accept: "application/json", authorization: "Bearer abc.def", "content-type": "application/json" },
      body: '{"id":"1"}',
      route: "PUT /v1/boxes/{box}/things/{id}",
      repeat: "never",
      limits: { success: 1024, error: 256 },
    });
  });

  test("never sends the credential to an operation that anyone may call", () => {
    const request = search.encode({ query: { name: "a&b" } }, target);
    expect(request.headers).toEqual({ accept: "application/json" });
    expect(request.url).toBe("https://host/base/v1/things?name=a%26b");
    expect(request.repeat).toBe("safe");
  });

  test("writes forms", () => {
    const request = token.encode({ form: { grant_type: "a b" } }, target);
    expect(request.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(request.body).toBe("grant_type=a+b");
  });

  test.each(["", ".", ".."])("refuses the path part %j, which would name another resource", (part) => {
    expect(() => putThing.encode({ path: { box: "a", id: part }, json: { id: "1" } }, target)).toThrow(InputError);
  });

  test.each(["Bearer a\r\nx: y", "Bearer a b", "Bearer é", "abc"])(
    "refuses the credential %j and does not show it",
    (text) => {
      const act = () => touch.encode({}, { ...target, credential: Secret.of(text) });
      expect(act).toThrow(InputError);
      expect(act).not.toThrow(text);
    },
  );

  test("goes to another route where a server has it elsewhere", () => {
    const other = reroute(touch, "PATCH /v2/feel");
    expect(other.encode({}, target)).toMatchObject({
      method: "PATCH",
      url: "https://host/base/v2/feel",
      route: "PATCH /v2/feel",
    });
    expect(() => reroute(touch, "/v2/feel")).toThrow(TypeError);
  });
});

describe("decoding", () => {
  test("gives what was sent", () => {
    const thing = { id: "1", size: 2, tags: ["a"] };
    expect(putThing.decode(reply(201, thing), target)).toEqual(thing);
    expect(putThing.decode(reply(200, thing), target)).toEqual(thing);
  });

  test("strict: fails on the first member that the contract does not know, and names it", () => {
    const act = () => putThing.decode(reply(201, { id: "1", colour: "secret value" }), target);
    expect(act).toThrow(DecodeError);
    expect(act).toThrow("PUT /v1/boxes/{box}/things/{id}: colour: expected no such member");
  });

  test("lenient: leaves the member out and reports its path", () => {
    const ignored: string[] = [];
    const lenient: Target = { ...target, decoding: "lenient", ignored: (path) => ignored.push(path) };
    expect(search.decode(reply(200, [{ id: "1", colour: "red" }]), lenient)).toEqual([{ id: "1" }]);
    expect(ignored).toEqual(["[0].colour"]);
  });

  test("reads a hedge as strictly as the first form", () => {
    expect(putThing.decode(reply(201, [{ id: "1" }]), target)).toEqual({ id: "1" });
    expect(() => putThing.decode(reply(201, [{ id: "1", colour: 1 }]), target)).toThrow(DecodeError);
  });

  test.each<[string, HttpReply, string]>([
    ["a wrong type", reply(201, { id: 7 }), "id: expected string"],
    ["a missing member", reply(201, {}), "id: expected"],
    ["an object in place of an array", reply(200, {}), "expected Array"],
    ["no JSON", reply(201, "<html>secret"), "expected JSON"],
    ["invalid UTF-8", { ...reply(201, ""), body: Uint8Array.of(0x22, 0xff, 0x22) }, "expected JSON"],
    [
      "another content type",
      reply(201, { id: "1" }, { "content-type": "text/json" }),
      "content-type: expected application/json",
    ],
    ["a success that means something else", reply(202, { id: "1" }), "status: expected 201"],
    ["a body that was cut", { ...reply(201, { id: "1" }), truncated: true }, "at most 1024 bytes"],
  ])("refuses %s without showing it", (_, answer, message) => {
    const row = message.includes("Array") ? search : putThing;
    const act = () => row.decode(answer, target);
    expect(act).toThrow(DecodeError);
    expect(act).toThrow(message);
    expect(act).not.toThrow("secret");
  });

  test.each(["", " ", "{}", "{ }"])("takes %j for no body", (body) => {
    expect(touch.decode(reply(200, body), target)).toBeUndefined();
    expect(touch.decode({ status: 204, headers: {}, body: new Uint8Array() }, target)).toBeUndefined();
  });

  test("refuses a body where none may be", () => {
    expect(() => touch.decode(reply(200, { a: 1 }), target)).toThrow("expected no body");
  });

  test.each<[string, HttpReply, { code: string; message: string; retryAfterMs?: number }]>([
    [
      "the envelope",
      reply(404, { error: "no such thing", code: "gone_for_good" }),
      { code: "gone_for_good", message: "no such thing" },
    ],
    ["no code", reply(404, { error: "no such thing" }), { code: "not_found", message: "no such thing" }],
    ["extra members", reply(404, { error: "x", code: "y", more: 1 }), { code: "y", message: "x" }],
    ["HTML", reply(502, "<html>"), { code: "internal_error", message: "internal error" }],
    ["nothing", reply(500, ""), { code: "internal_error", message: "internal error" }],
    ["an array", reply(400, []), { code: "bad_request", message: "malformed request" }],
    [
      "a cut body",
      { ...reply(400, { error: "x" }), truncated: true },
      { code: "bad_request", message: "malformed request" },
    ],
    ["a status that the wire does not have", reply(418, ""), { code: "http_418", message: "status 418" }],
    [
      "a wait",
      reply(429, "", { "retry-after": "7" }),
      { code: "http_429", message: "status 429", retryAfterMs: 7_000 },
    ],
  ])("keeps the status of an error with %s", (_, answer, expected) => {
    const error = thrownBy(() => touch.decode(answer, target));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ status: answer.status, ...expected });
  });
});

describe("the serving end", () => {
  const rules: ReadRules = { unknown: "refuse", nulls: "absent", json: { depth: 32, values: 10_000 } };
  const received = (body: string, more = {}) => ({
    path: {},
    query: {},
    headers: {},
    body: new TextEncoder().encode(body),
    ...more,
  });

  test("reads what a client encodes", () => {
    const input = { path: { box: "a", id: "b" }, json: { id: "1", tags: ["x"] } };
    const request = putThing.encode(input, target);
    expect(readInput(putThing, received(request.body as string, { path: input.path }), rules)).toEqual(input);
  });

  test("takes a null for an absent member where the member is optional, and nowhere else", () => {
    expect(
      readInput(putThing, received('{"id":"1","size":null}', { path: { box: "a", id: "b" } }), rules).json,
    ).toEqual({ id: "1" });
    for (const body of ['{"id":null}', '{"id":"1","tags":[null]}', '{"id":"1","colour":null}']) {
      expect(() => readInput(putThing, received(body), rules)).toThrow(BadRequest);
    }
  });

  test("tells an absent body from an empty object where the body is optional", () => {
    expect(readInput(touch, received(""), rules)).toEqual({});
    expect(readInput(touch, received("{}"), rules)).toEqual({ json: {} });
    expect(() => readInput(putThing, received(""), rules)).toThrow(BadRequest);
  });

  test.each(["[]", "null", '"x"', "{", '{"id":"1","id":"2"}', '{"id":"1","colour":1}'])("refuses %s", (body) => {
    expect(() => readInput(putThing, received(body), rules)).toThrow(BadRequest);
  });

  test("ignores unknown members where the wire does", () => {
    const lenient: ReadRules = { ...rules, unknown: "ignore" };
    expect(readInput(putThing, received('{"id":"1","colour":1}'), lenient).json).toEqual({ id: "1" });
  });

  test("writes nothing that the contract does not name", () => {
    const output = { id: "1", passwordHash: "$argon2id$" };
    expect(writeOutput(putThing, output)).toEqual({ status: 201, body: '{"id":"1"}' });
    expect(writeOutput(touch, undefined)).toEqual({ status: 204, body: "" });
  });

  test("fails loudly where a handler gives something else", () => {
    expect(() => writeOutput(putThing, { id: 1 } as never)).toThrow(TypeError);
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
