import { createHash, createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { DecodeError, RefusedError, type HttpReply, type InputOf, type Operation, type Target } from "@cardea/core";
import { readInput, writeOutput } from "@cardea/core/serve";
import { describe, expect, test } from "vitest";
import * as contract from "./contract.js";

/** The bodies of section 7, through the rows of the contract: both ends read them and write them the same. */

type Name = Exclude<keyof typeof contract, "mcias">;

interface Index {
  readonly requests: readonly { readonly file: string; readonly operation: Name }[];
  readonly responses: readonly {
    readonly file: string;
    readonly operations: readonly Name[];
    readonly status: number;
  }[];
  readonly empty: { readonly operations: readonly Name[]; readonly status: number };
  readonly errors: readonly { readonly file: string; readonly status: number; readonly code: string }[];
}

interface Negative {
  readonly name: string;
  readonly operation: Name;
  readonly status: number;
  readonly content_type?: string;
  readonly body?: string;
  readonly fill_bytes?: number;
  readonly strict: string;
  readonly lenient: string;
}

const folder = new URL("../testdata/", import.meta.url);
const text = (file: string) => readFileSync(new URL(file, folder), "utf8").trimEnd();
const parsed = <T = Record<string, unknown>>(file: string) => JSON.parse(text(file)) as T;
const index = parsed<Index>("index.json");

const strict: Target = { baseUrl: "https://mcias.test", decoding: "strict" };
const lenient: Target = { ...strict, decoding: "lenient" };
const row = (name: Name) => contract[name] as unknown as Operation<Record<string, unknown>, unknown>;

function reply(status: number, body: string, contentType = "application/json"): HttpReply {
  return { status, headers: { "content-type": contentType }, body: new TextEncoder().encode(body) };
}

/** The code of the error that reading ends with. */
function codeOf(name: Name, answer: HttpReply, target: Target): string {
  try {
    row(name).decode(answer, target);
  } catch (error) {
    if (error instanceof RefusedError || error instanceof DecodeError) return error.code;
    throw error;
  }
  return "accepted";
}

test("every file is in the index, as compact JSON", () => {
  const listed = [...index.requests, ...index.responses, ...index.errors].map(({ file }) => file);
  const others = ["index.json", "negative.json", "tokens.json"];
  const present = readdirSync(folder).filter((file) => file.endsWith(".json"));
  expect(present.sort()).toEqual([...listed, ...others].sort());
  for (const file of listed) expect(text(file)).toBe(JSON.stringify(parsed(file)));
});

test("every operation with a body in its answer has a response, and every other is listed as empty", () => {
  const named = new Set([...index.responses.flatMap(({ operations }) => operations), ...index.empty.operations]);
  expect([...named].sort()).toEqual(
    Object.keys(contract)
      .filter((name) => name !== "mcias")
      .sort(),
  );
});

test.each(index.requests)(
  "$file: what the client sends is this, and the server reads it back",
  ({ file, operation }) => {
    const input = { json: parsed(file), ...(row(operation).path.includes("{") && { path: { id: "an-id" } }) };
    const request = row(operation).encode(input, strict);
    expect(request.body).toBe(text(file));
    expect(request.headers["content-type"]).toBe("application/json");
    const received = {
      path: { id: "an-id" },
      query: {},
      headers: {},
      body: new TextEncoder().encode(String(request.body)),
    };
    const read = readInput(row(operation), received, {
      unknown: "refuse",
      nulls: "absent",
      json: { depth: 32, values: 10_000 },
    });
    expect(read satisfies InputOf<Operation<Record<string, unknown>, unknown>>).toEqual(input);
  },
);

const responses = index.responses.flatMap(({ file, operations, status }) =>
  operations.map((operation) => ({ file, operation, status })),
);

describe.each(responses)("$file as the answer of $operation", ({ file, operation, status }) => {
  const value = parsed<unknown>(file);

  test("decodes to itself in both modes, and what is written from that is the file again", () => {
    expect(row(operation).decode(reply(status, text(file)), strict)).toEqual(value);
    expect(row(operation).decode(reply(status, text(file)), lenient)).toEqual(value);
    const written = writeOutput(row(operation), value);
    expect(JSON.parse(written.body)).toEqual(value);
    expect(row(operation).decode(reply(written.status, written.body), strict)).toEqual(value);
  });

  test("one unknown member anywhere fails in strict mode and is left out in lenient mode", () => {
    for (const extended of withOneMore(value)) {
      const answer = reply(status, JSON.stringify(extended));
      expect(codeOf(operation, answer, strict)).toBe("unexpected_reply");
      expect(row(operation).decode(answer, lenient)).toEqual(value);
    }
  });

  test("one missing or mistyped member fails in both modes", () => {
    // A server that tells no username is the usual one; roles that are absent or null are an empty list.
    const spared = operation === "validateToken" ? ["username", "roles"] : [];
    for (const broken of withOneBroken(value, spared)) {
      for (const target of [strict, lenient]) {
        expect(codeOf(operation, reply(status, JSON.stringify(broken)), target), JSON.stringify(broken)).toBe(
          "unexpected_reply",
        );
      }
    }
  });
});

/** A copy for each object in the value, which has one member more. */
function withOneMore(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, at) => withOneMore(item).map((changed) => value.with(at, changed)));
  }
  return typeof value === "object" && value !== null ? [{ ...value, extra: 1 }] : [];
}

/** A copy for each member, without it and with something else in its place. */
function withOneBroken(value: unknown, spared: readonly string[]): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, at) => withOneBroken(item, spared).map((changed) => value.with(at, changed)));
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value)
    .filter((key) => !spared.includes(key))
    .flatMap((key) => {
      const { [key]: _, ...without } = value as Record<string, unknown>;
      return [without, { ...value, [key]: { not: "this" } }];
    });
}

test.each(index.empty.operations)("%s has no body in its answer", (name) => {
  expect(row(name).decode(reply(index.empty.status, ""), strict)).toBeUndefined();
  expect(writeOutput(row(name), undefined)).toEqual({ status: index.empty.status, body: "" });
});

test.each(index.errors)("$file keeps status and code", ({ file, status, code }) => {
  const { error } = parsed(file);
  let thrown: unknown;
  try {
    row("health").decode(reply(status, text(file)), strict);
  } catch (caught) {
    thrown = caught;
  }
  expect(thrown).toBeInstanceOf(RefusedError);
  expect(thrown).toMatchObject({ status, code, message: error });
  const cases = Object.values(contract.mcias.cases);
  expect(cases.map((one) => ({ status: one.status, ...contract.mcias.envelope.write(one) }))).toContainEqual({
    status,
    ...parsed(file),
  });
});

test.each(parsed<Negative[]>("negative.json"))("$name", (negative) => {
  const { operation, status, content_type: type, body = "", fill_bytes: fill = 0 } = negative;
  const answer = fill === 0 ? reply(status, body, type) : { ...reply(status, '"xx'), truncated: true };
  expect(codeOf(operation, answer, strict)).toBe(negative.strict);
  expect(codeOf(operation, answer, lenient)).toBe(negative.lenient);
});

describe("forms that other servers are known to send (6.5)", () => {
  const valid = parsed("validate_valid.json");
  const key = parsed("public_key.json");
  const usedKey = { ...key, use: "sig", alg: "EdDSA", kid: "k1" };
  const accounts = parsed<unknown[]>("accounts.json");
  const person = text("account_human.json");

  test.each<[string, Name, number, unknown, unknown]>([
    ["roles of null are none", "validateToken", 200, { ...valid, roles: null }, { ...valid, roles: [] }],
    ["absent roles are none", "validateToken", 200, { ...valid, roles: undefined }, { ...valid, roles: [] }],
    ["a key may say how it is used", "getPublicKey", 200, usedKey, usedKey],
    ["accounts may come in an object", "listAccounts", 200, { accounts }, accounts],
    ["roles may come bare", "getRoles", 200, ["user"], { roles: ["user"] }],
    ["200 may stand for 201", "createAccount", 200, JSON.parse(person), JSON.parse(person)],
    ["200 with an empty object may stand for 204", "deleteAccount", 200, {}, undefined],
  ])("%s", (_, name, status, body, value) => {
    for (const target of [strict, lenient]) {
      expect(row(name).decode(reply(status, JSON.stringify(body)), target)).toEqual(value);
    }
  });

  test("200 without a body may stand for 204", () => {
    expect(row("logout").decode({ status: 200, headers: {}, body: new Uint8Array() }, strict)).toBeUndefined();
  });

  test.each<[string, Name, unknown]>([
    ["another use of the key", "getPublicKey", { ...key, use: "enc" }],
    ["another algorithm of the key", "getPublicKey", { ...key, alg: "RS256" }],
    ["a key that is too short", "getPublicKey", { ...key, x: "AAAA" }],
    ["a key with stray bits", "getPublicKey", { ...key, x: `${"A".repeat(42)}B` }],
    ["an unknown status of an account", "getAccount", { ...JSON.parse(person), status: "locked" }],
    ["an unknown kind of account", "getAccount", { ...JSON.parse(person), account_type: "robot" }],
    ["an unknown state of health", "health", { status: "tired" }],
    ["roles as an object", "validateToken", { ...valid, roles: {} }],
    ["a time without a zone", "login", { token: "x", expires_at: "2026-04-10T09:00:00" }],
    ["an answer where there should be none", "logout", { done: true }],
  ])("but not %s, in either mode", (_, name, body) => {
    for (const target of [strict, lenient]) {
      expect(codeOf(name, reply(200, JSON.stringify(body)), target)).toBe("unexpected_reply");
    }
  });

  test("but no other content type", () => {
    expect(codeOf("health", reply(200, '{"status":"ok"}', "text/plain"), lenient)).toBe("unexpected_reply");
  });
});

test("the tokens are signed by the public key and say what the list says", () => {
  const { tokens, alice_sha256 } = parsed<{
    tokens: { name: string; token: string; claims: object }[];
    alice_sha256: string;
  }>("tokens.json");
  const key = createPublicKey({ format: "jwk", key: parsed("public_key.json") as { kty: string } });
  for (const { token, claims } of tokens) {
    const [header = "", payload = "", signature = ""] = token.split(".");
    expect(Buffer.from(header, "base64url").toString()).toBe('{"alg":"EdDSA","typ":"JWT"}');
    expect(Buffer.from(payload, "base64url").toString()).toBe(JSON.stringify(claims));
    expect(verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"))).toBe(true);
  }
  const byName = Object.fromEntries(tokens.map(({ name, token }) => [name, token]));
  expect(createHash("sha256").update(byName["alice"]!).digest("hex")).toBe(alice_sha256);
  expect(parsed("login.json")["token"]).toBe(byName["alice"]);
  expect(parsed("renew.json")["token"]).toBe(byName["alice_renewed"]);
  expect(parsed("issue_service_token.json")["token"]).toBe(byName["ingest"]);
});
