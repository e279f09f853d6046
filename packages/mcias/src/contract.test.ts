import { readFileSync } from "node:fs";
import { BadRequest, readInput } from "@cardea/core/serve";
import { describe, expect, test } from "vitest";
import { MciasClient } from "./client.js";
import * as contract from "./contract.js";

const { mcias, ...rows } = contract;

/** Section 2 of the wire document, written a second time. */
const table = {
  login: "POST /v1/auth/login",
  logout: "POST /v1/auth/logout",
  renewToken: "POST /v1/auth/renew",
  validateToken: "POST /v1/token/validate",
  getPublicKey: "GET /v1/keys/public",
  health: "GET /v1/health",
  createAccount: "POST /v1/accounts",
  listAccounts: "GET /v1/accounts",
  getAccount: "GET /v1/accounts/{id}",
  updateAccount: "PATCH /v1/accounts/{id}",
  deleteAccount: "DELETE /v1/accounts/{id}",
  getRoles: "GET /v1/accounts/{id}/roles",
  setRoles: "PUT /v1/accounts/{id}/roles",
  issueServiceToken: "POST /v1/token/issue",
  revokeToken: "DELETE /v1/token/{jti}",
  getPgCreds: "GET /v1/accounts/{id}/pgcreds",
  setPgCreds: "PUT /v1/accounts/{id}/pgcreds",
};

test("the contract has the seventeen operations of the wire and no other", () => {
  expect(Object.fromEntries(Object.entries(rows).map(([name, { route }]) => [name, route]))).toEqual(table);
});

test("the client has a method for every row, and none without", () => {
  const methods = Object.entries(Object.getOwnPropertyDescriptors(MciasClient.prototype))
    .filter(([name, { value }]) => typeof value === "function" && !["constructor", "toString", "toJSON"].includes(name))
    .map(([name]) => name);
  expect(methods.sort()).toEqual(Object.keys(rows).sort());
});

test("the declarations of the contract do not name the schema library", () => {
  expect(readFileSync(new URL("../dist/contract.d.ts", import.meta.url), "utf8")).not.toContain("valibot");
});

test("every case that a row may fail with is a case of the wire, and each status has its default", () => {
  for (const { fails } of Object.values(rows)) for (const name of fails) expect(mcias.cases).toHaveProperty(name);
  const statuses = new Set(Object.values(mcias.cases).map(({ status }) => status));
  expect([...statuses].sort()).toEqual([400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503]);
});

describe("what a server refuses in a request (2.2)", () => {
  const pgCreds = { host: "h", port: 5432, database: "d", username: "u", password: "p" };
  const account = { username: "bob", account_type: "human" };
  const login = { username: "alice", password: "p" };
  const code = (totp_code: unknown) => ({ ...login, totp_code });
  const named = (username: string) => ({ ...account, username });
  const password = (text: string) => ({ ...account, password: text });
  const port = (value: unknown) => ({ ...pgCreds, port: value });

  test.each<[keyof typeof rows, unknown[], unknown[]]>([
    [
      "login",
      [login, code("123456"), code(""), { ...login, tags: [] }],
      [{}, code("12345"), code("12345\u0666"), code(1)],
    ],
    [
      "login",
      [{ ...login, service_name: "" }],
      [
        { ...login, username: "" },
        { ...login, password: "" },
        { ...login, x: 1 },
      ],
    ],
    ["logout", [undefined, {}], [{ token: "x" }]],
    ["validateToken", [undefined, {}, { token: "" }, { token: null }], [{ token: 1 }, { jwt: "x" }, []]],
    ["createAccount", [account, named("A"), named("a".repeat(63)), named("a._@-")], [named(""), named("a".repeat(64))]],
    ["createAccount", [{ ...account, password: null }], [named(".a"), named("a\n"), named("a b"), named("\u00e4")]],
    [
      "createAccount",
      [password("x".repeat(12)), password("\u00e4".repeat(512))],
      [password("x".repeat(11)), password("")],
    ],
    ["createAccount", [], [password("\u00e4".repeat(513)), { ...account, account_type: "robot" }]],
    ["updateAccount", [{}, { status: null }, { status: "active" }], [undefined, { status: "deleted" }, { status: "" }]],
    [
      "setRoles",
      [{ roles: [] }, { roles: ["a.b_c-1"] }],
      [{}, { roles: null }, { roles: [null] }, { roles: ["Admin"] }],
    ],
    [
      "setRoles",
      [{ roles: Array(64).fill("a") }],
      [{ roles: Array(65).fill("a") }, { roles: ["a\n"] }, { roles: "a" }],
    ],
    ["issueServiceToken", [{ account_id: "6FA459EA-EE8A-4CA4-894E-DB77E160355E" }], [{ account_id: "6fa459ea" }, {}]],
    ["setPgCreds", [pgCreds, port(1), port(65535)], [port(0), port(65536), port(1.5), port("5432"), port(null)]],
    [
      "setPgCreds",
      [{ ...pgCreds, host: "h".repeat(1024) }],
      [
        { ...pgCreds, host: "" },
        { ...pgCreds, host: "h".repeat(1025) },
      ],
    ],
  ])("%s", (name, taken, refused) => {
    const row = rows[name];
    const read = (body: unknown) =>
      readInput(
        row,
        { path: {}, query: {}, headers: {}, body: new TextEncoder().encode(JSON.stringify(body) ?? "") },
        { unknown: "refuse", nulls: "absent", json: { depth: 32, values: 10_000 } },
      );
    for (const body of taken) expect(() => read(body), JSON.stringify(body)).not.toThrow();
    for (const body of refused) expect(() => read(body), JSON.stringify(body)).toThrow(BadRequest);
  });
});
