import { describe, expect, test } from "vitest";
import { hastyClock, reply, serverOf } from "./memory.test.support.js";
import type { RowReport } from "./report.js";
import type { Row, Suite } from "./row.js";
import { runSuite, type RunOptions } from "./run.js";
import { WireError, type RawReply, type RawRequest } from "./wire/wire.js";

const credentials = { administrator: { username: "root", password: "planted-password" } };

const suiteOf = (...rows: readonly Row[]): Suite => ({
  wire: "toy",
  sections: [{ title: "Toys", rows }],
  probe: "GET /probe",
  signIn: {
    send: "POST /login",
    json: { password: "{{administrator.password}}" },
    expect: { status: 200 },
    keep: { "administrator.token": "token" },
  },
  signOut: { send: "POST /logout", as: "administrator", expect: { status: 204 } },
  accounts: { made: "POST /accounts", remove: "DELETE /accounts/{{id}}" },
});

const get = (path: string, status = 200): Row => ({
  item: 1,
  title: `GET ${path}`,
  steps: [{ send: `GET ${path}`, expect: { status } }],
});

const create: Row = {
  item: 2,
  title: "an account is made",
  needs: ["administrator"],
  steps: [
    { send: "POST /accounts", as: "administrator", json: { name: "worker-{{unique}}" }, expect: { status: 201 } },
    { send: "GET /broken", expect: { status: 200 } },
  ],
  after: [{ send: "POST /restore", expect: {} }],
};

/** A server of toys. */
function toys(handle: (request: RawRequest) => RawReply | undefined = () => undefined) {
  let made = 0;
  return serverOf((request) => {
    const own = handle(request);
    if (own !== undefined) return own;
    const { method, path } = request;
    if (path === "/login") return reply(200, { token: "planted-token" });
    if (path === "/accounts") return reply(201, { id: `id-${(made += 1)}` });
    if (method === "DELETE" || path === "/logout") return reply(204);
    return reply(path === "/broken" ? 500 : 200, {});
  });
}

const run = (suite: Suite, send: ReturnType<typeof toys>["send"], options: RunOptions = {}) =>
  runSuite(suite, { url: "https://toys.example", send }, { clock: hastyClock(), ...options });

test("rows are told one by one and counted at the end", async () => {
  const told: RowReport[] = [];
  const report = await run(suiteOf(get("/a"), get("/broken"), create), toys().send, {
    report: (row) => told.push(row),
  });
  expect(report).toMatchObject({ wire: "toy", url: "https://toys.example", passed: 1, failed: 1, skipped: 1 });
  expect(report.rows).toEqual(told);
  expect(told.map(({ outcome }) => outcome)).toEqual(["passed", "failed", "skipped"]);
  expect(told[1]?.detail).toEqual({ at: "step 1, GET /broken", expected: "status 200", got: "500 {}" });
});

test("without credentials, without a second factor and without patience rows are skipped, with the reason", async () => {
  const needing = (...needs: NonNullable<Row["needs"]>): Row => ({ ...get("/a"), needs });
  const suite = suiteOf(needing("administrator"), needing("totp"), needing("slow"));
  const reasons = async (options: RunOptions) =>
    (await run(suite, toys().send, options)).rows.map(({ detail }) => detail && "reason" in detail && detail.reason);
  expect(await reasons({})).toEqual([
    "needs an administrator's credentials",
    "needs the credentials of an account with a second factor",
    "waits for minutes, and runs when slow rows are asked for",
  ]);
  const totp = { username: "otto", password: "p", secret: "GEZDGNBVGY3TQOJQ" };
  expect(await reasons({ credentials: { ...credentials, totp }, slow: true })).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("only the items that were asked for run", async () => {
  const report = await run(suiteOf(get("/a"), { ...get("/b"), item: 9 }), toys().send, { only: [9] });
  expect(report.rows.map(({ title }) => title)).toEqual(["GET /b"]);
});

test("what a row made is taken away, and what it changed is put back, also after a failure", async () => {
  const server = toys();
  const report = await run(suiteOf(create, create), server.send, { credentials });
  expect(report).toMatchObject({ failed: 2, leftBehind: [] });
  const paths = server.requests.map(({ method, path }) => `${method} ${path}`);
  const row = (id: string) => ["POST /accounts", "GET /broken", "POST /restore", `DELETE /accounts/${id}`];
  expect(paths).toEqual(["GET /probe", "POST /login", ...row("id-1"), ...row("id-2"), "POST /logout"]);
  const names = server.requests.filter(({ path }) => path === "/accounts").map(({ body }) => body);
  expect(new Set(names).size).toBe(2);
});

test("what cannot be taken away is told", async () => {
  const server = toys(({ method }) => (method === "DELETE" ? reply(500) : undefined));
  expect((await run(suiteOf(create), server.send, { credentials })).leftBehind).toEqual(["id-1"]);
});

describe("a server that is not there", () => {
  test("from the start ends the run with an error", async () => {
    const nobody = () => Promise.reject(new WireError("no answer (ECONNREFUSED)", true));
    await expect(run(suiteOf(get("/a")), nobody)).rejects.toMatchObject({
      name: "TransportError",
      code: "connection_failed",
      message: "nobody speaks at https://toys.example: no answer (ECONNREFUSED)",
    });
  });

  test("from the middle on fails one row and skips the rest", async () => {
    let dead = false;
    const { send } = toys(({ path }) => {
      dead ||= path === "/b";
      if (dead) throw new WireError("no answer (ECONNREFUSED)", true);
      return undefined;
    });
    const report = await run(suiteOf(get("/a"), get("/b"), get("/c"), get("/d")), send);
    expect(report).toMatchObject({ passed: 1, failed: 1, skipped: 2 });
    expect(report.rows[1]?.detail).toMatchObject({ expected: "an answer", got: "no answer (ECONNREFUSED)" });
    expect(report.rows[2]?.detail).toEqual({ reason: "the server cannot be reached any more" });
  });
});

test("an administrator who cannot sign in ends the run, without the password in the error", async () => {
  const { send } = toys(({ path, body }) => (path === "/login" ? reply(401, String(body)) : undefined));
  const failure: unknown = await run(suiteOf(create), send, { credentials }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "sign_in_failed" });
  expect((failure as Error).message).toContain("401");
  expect(JSON.stringify(failure) + String(failure)).not.toContain("planted");
});

test("a run that is stopped takes away what it made and skips the rest", async () => {
  const stop = new AbortController();
  const server = toys(({ path }) => {
    if (path === "/broken") stop.abort();
    return undefined;
  });
  const report = await run(suiteOf(create, get("/a")), server.send, { credentials, signal: stop.signal });
  expect(report.leftBehind).toEqual([]);
  expect(server.requests.some(({ method }) => method === "DELETE")).toBe(true);
  expect(report.rows.at(-1)?.detail).toEqual({ reason: "the run was stopped" });
});

test("a row that cannot read an answer fails, and the next ones run", async () => {
  const reads: Row = {
    ...get("/a"),
    steps: [{ check: "x", of: () => JSON.parse("no JSON") as unknown, is: 1 }],
  };
  const report = await run(suiteOf(reads, get("/a")), toys().send);
  expect(report.rows.map(({ outcome }) => outcome)).toEqual(["failed", "passed"]);
  expect(report.rows[0]?.detail).toMatchObject({ expected: "an answer that the row can read" });
});
