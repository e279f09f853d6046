import { connect as connectPlain, type Socket } from "node:net";
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passwords, usualHouse } from "./mcias/house.js";
import { ask, bearer, knock, request, type PlainReply } from "./raw-exchange.js";
import { serveHouse, type ServedHouse } from "./served.js";

const mebibyte = 1024 * 1024;

let house: ServedHouse;
let token: string;
let sockets: Socket[] = [];
beforeAll(async () => {
  house = await serveHouse(usualHouse());
  token = tokenIn(await login("root", passwords.root));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await house[Symbol.asyncDispose]();
});

function login(username: string, password: string, where = house): Promise<PlainReply | undefined> {
  return ask(where, request("POST", "/mcias/v1/auth/login", [], { username, password }));
}

function tokenIn(reply: PlainReply | undefined): string {
  expect(reply?.status).toBe(200);
  return (JSON.parse(reply?.body ?? "") as { token: string }).token;
}

/** Every kind of answer that costs the authority little is right, whatever else goes on. */
async function othersAreServed(where = house, mine = token): Promise<void> {
  const [health, probe, key, validation, accounts] = await Promise.all([
    ask(where, request("GET", "/mcias/v1/health")),
    ask(where, request("GET", "/readyz")),
    ask(where, request("GET", "/mcias/v1/keys/public")),
    ask(where, request("POST", "/mcias/v1/token/validate", [], { token: mine })),
    ask(where, request("GET", "/mcias/v1/accounts", [bearer(mine)])),
  ]);
  expect([health, probe, key, validation, accounts].map((reply) => reply?.status)).toEqual([200, 200, 200, 200, 200]);
  expect(validation?.body).toContain('"valid":true');
}

/** As before any of it, and nothing happened that the authority has no name for. */
async function isAsBefore(): Promise<void> {
  await othersAreServed();
  tokenIn(await login("alice", passwords.alice));
  expect(house.isAlive()).toBe(true);
  expect(house.faults()).toEqual([]);
}

test("hundreds of connections that are slow or say nothing keep nobody from an answer", async () => {
  const before = await house.memory();
  const many = <Item>(count: number, make: () => Item) => Array.from({ length: count }, make);
  const held = await Promise.all([
    ...many(150, () => knock(house)),
    ...many(50, () =>
      knock(house).then((socket) => (socket.write("GET /mcias/v1/health HTTP/1.1\r\nHost: loc"), socket)),
    ),
    ...many(50, () =>
      knock(house).then((socket) => {
        socket.write(
          request("POST", "/mcias/v1/auth/login", ["Content-Type: application/json", "Content-Length: 900000"]),
        );
        socket.write('{"username":"');
        return socket;
      }),
    ),
    // Those who never begin with TLS hold a connection as well.
    ...many(
      100,
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connectPlain(house.port, "127.0.0.1", () => resolve(socket));
        }),
    ),
  ]);
  sockets = held;
  for (const socket of held) socket.on("error", () => undefined);
  await isAsBefore();
  for (const socket of held.slice(150, 250)) socket.write("x");
  await isAsBefore();
  expect((await house.memory()) - before).toBeLessThan(150 * mebibyte);
  for (const socket of held) socket.destroy();
  await isAsBefore();
});

describe("what is too large is refused, and the next is served", () => {
  const depth = (levels: number) => `{"token":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const validate = "/mcias/v1/token/validate";
  const chunked = (body: string) =>
    `POST ${validate} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n` +
    `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

  test.each<[string, () => string, number[]]>([
    ["a header", () => request("GET", "/mcias/v1/health", [`X-Long: ${"x".repeat(17_000)}`]), [431]],
    [
      "the headers together",
      () => request("GET", "/mcias/v1/health", Array<string>(99).fill(`A: ${"x".repeat(200)}`)),
      [431],
    ],
    ["the number of headers", () => request("GET", "/mcias/v1/health", Array<string>(100).fill("A: b")), [431]],
    ["a path", () => request("GET", `/mcias/v1/accounts/${"x".repeat(3_000)}`), [404]],
    ["a query", () => request("GET", `/mcias/v1/health?q=${"x".repeat(9_000)}`), [414]],
    [
      "the number of parameters",
      () => request("GET", `/mcias/v1/health?${Array.from({ length: 101 }, (_, at) => `p${at}`).join("&")}`),
      [400],
    ],
    ["a body, as it says", () => request("POST", validate, [], `{"token":"${"x".repeat(mebibyte)}"}`), [413]],
    ["a body in chunks", () => chunked(`{"token":"${"x".repeat(mebibyte)}"}`), [413]],
    [
      "a chunk extension",
      () =>
        `POST ${validate} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2;${"x".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
      [413],
    ],
    ["the depth of a document", () => request("POST", validate, [], depth(33)), [400]],
    ["the depth of a long document", () => request("POST", validate, [], depth(400_000)), [400]],
    [
      "the number of members",
      () => request("POST", validate, [], `{${Array.from({ length: 60_000 }, (_, at) => `"m${at}":0`).join()}}`),
      [400],
    ],
    ["a number", () => request("POST", validate, [], `{"token":${"9".repeat(500_000)}}`), [400]],
    ["a token", () => request("POST", validate, [], { token: "e".repeat(1_000_000) }), [200]],
  ])("%s", async (_, bytes, statuses) => {
    const reply = await ask(house, bytes());
    expect(statuses).toContain(reply?.status);
    if (reply?.status === 200) expect(reply.body).toBe('{"valid":false}');
    await othersAreServed();
  });

  test("many of them at once leave no mark in memory", async () => {
    const before = await house.memory();
    const body = `{"token":"${"x".repeat(2 * mebibyte)}"}`;
    for (let round = 0; round < 2; round += 1) {
      const replies = await Promise.all(Array.from({ length: 20 }, () => ask(house, chunked(body))));
      expect(new Set(replies.map((reply) => reply?.status))).toEqual(new Set([413]));
    }
    expect((await house.memory()) - before).toBeLessThan(200 * mebibyte);
    await isAsBefore();
  });
});

describe("a flood of", () => {
  /** Each is answered: with a refusal, or with when to come again. */
  function allAnswered(replies: readonly (PlainReply | undefined)[], statuses: readonly number[]): void {
    for (const reply of replies) {
      expect(statuses).toContain(reply?.status);
      if (reply?.status === 429 || reply?.status === 503) {
        expect(Number(reply.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      }
    }
  }

  test(
    "logins of names that nobody has is bounded in line and memory, and others are served",
    { timeout: 60_000 },
    async () => {
      // A hash that costs much, so that the line is long on every machine.
      const memoryKiB = 19_456;
      await using slow = await serveHouse({ ...usualHouse(), passwordHash: { memoryKiB, iterations: 8 } });
      const ofSlow = tokenIn(await login("root", passwords.root, slow));
      const before = await slow.memory();
      const threads = availableParallelism();
      let isOver = false;
      const flood = Promise.all(
        Array.from({ length: Math.max(300, 60 * threads) }, (_, at) =>
          login(`nobody-${at}`, "a password of nobody", slow),
        ),
      ).finally(() => (isOver = true));
      let rounds = 0;
      while (!isOver) {
        await othersAreServed(slow, ofSlow);
        rounds += 1;
      }
      const replies = await flood;
      allAnswered(replies, [401, 503]);
      const count = (status: number) => replies.filter((reply) => reply?.status === status).length;
      expect(count(401), "some had their turn").toBeGreaterThan(0);
      expect(count(503), "the line is bounded: not all had").toBeGreaterThan(0);
      expect(rounds).toBeGreaterThan(0);
      expect((await slow.memory()) - before).toBeLessThan(150 * mebibyte + threads * memoryKiB * 1024);
      tokenIn(await login("alice", passwords.alice, slow));
      expect(slow.faults()).toEqual([]);
    },
  );

  test("set-up forms with a code that never was hashes nothing, and takes no turn from a login", async () => {
    const form = "username=root2&password=a+very+long+passphrase&again=a+very+long+passphrase";
    const attempt =
      request("POST", "/setup/AAAAAAAAAAAAAAAAAAAAAAAA", [
        "Content-Type: application/x-www-form-urlencoded",
        `Content-Length: ${form.length}`,
      ]) + form;
    const flood = Promise.all(Array.from({ length: 100 }, () => ask(house, attempt)));
    const mine = await login("alice", passwords.alice);
    allAnswered(await flood, [404]);
    tokenIn(mine);
    await isAsBefore();
  });
});

describe("two readings of one request are no reading:", () => {
  const health = "/mcias/v1/health";
  const accounts = "/mcias/v1/accounts";
  const post = (lines: string, body = "") =>
    `POST /mcias/v1/token/validate HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\n${body}`;

  test.each<[string, () => string, number]>([
    ["two bearers", () => request("GET", accounts, [bearer(token), bearer(token)]), 401],
    [
      "two bearers in one header",
      () => request("GET", accounts, [`Authorization: Bearer ${token}, Bearer ${token}`]),
      401,
    ],
    ["two hosts", () => request("GET", health, ["Host: localhost"]), 400],
    ["no host", () => `GET ${health} HTTP/1.1\r\n\r\n`, 400],
    ["a foreign host", () => `GET ${health} HTTP/1.1\r\nHost: evil.example\r\n\r\n`, 421],
    [
      "two content types",
      () => post("Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2", "{}"),
      415,
    ],
    ["two lengths", () => post("Content-Length: 2\r\nContent-Length: 3", "{} "), 400],
    ["a length and chunks", () => post("Content-Length: 2\r\nTransfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n"), 400],
    [
      "chunks that are not the last coding",
      () => post("Transfer-Encoding: chunked, identity", "2\r\n{}\r\n0\r\n\r\n"),
      400,
    ],
    ["a coding that is none", () => post("Transfer-Encoding: xchunked", "{}"), 400],
    ["a length with a sign", () => post("Content-Length: +2", "{}"), 400],
    [
      "a blank before the colon",
      () => `GET ${health} HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer x\r\n\r\n`,
      400,
    ],
    ["a folded header", () => `GET ${health} HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n`, 400],
    ["a bare line feed", () => `GET ${health} HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n`, 400],
    ["a zero byte", () => request("GET", health, ["X: a\0b"]), 400],
    ["a parameter twice", () => request("GET", `${health}?a=1&%61=2`), 400],
    ["a member twice", () => request("POST", "/mcias/v1/token/validate", [], '{"token":"a","token":"b"}'), 400],
    ["a word for a version", () => `GET ${health} HTTP/x\r\nHost: localhost\r\n\r\n`, 400],
  ])("%s", async (_, bytes, status) => {
    expect((await ask(house, bytes()))?.status).toBe(status);
  });

  test("a header that is no header of ours means nothing", async () => {
    for (const header of [
      "X-Original-URL: /mcias/v1/health",
      "X-HTTP-Method-Override: GET",
      "X-Forwarded-Prefix: /x",
    ]) {
      expect((await ask(house, request("GET", accounts, [header])))?.status, header).toBe(401);
    }
  });
});

test.each([
  "//mcias/v1/accounts",
  "/mcias//v1/accounts",
  "/mcias/./v1/accounts",
  "/mcias/v1/x/../accounts",
  "/x/../mcias/v1/accounts",
  "/mcias/v1/accounts/",
  "/mcias/v1/accounts/.",
  "/mcias/v1/accounts/..",
  "/mcias/v1/accounts/%2e%2e/accounts",
  "/mcias/v1/accounts%2f",
  "/mcias%2fv1%2faccounts",
  "/mcias/v1/%61ccounts",
  "/mcias/v1/accounts%00",
  "/mcias/v1/accounts%0d%0a",
  "/mcias/v1/accounts;x=1",
  "/mcias/v1/ACCOUNTS",
  "/MCIAS/v1/accounts",
  "/mcias\\v1\\accounts",
  "/mcias/v1/accounts#",
  "/mcias/v1/accounts%3fx",
  "/mcias/v1/accounts%",
  "/mcias/v1/accounts%zz",
  "/mcias/v1/accounts%c0%af",
  "/mciasv1/accounts",
  "/setup/../mcias/v1/accounts",
  "https://localhost/mcias/v1/accounts",
  "http://evil.example/mcias/v1/accounts",
  "mcias/v1/accounts",
  "*",
])("the path %s leads nowhere, also for an administrator", async (path) => {
  const reply = await ask(house, request("GET", path, [bearer(token)]));
  expect([400, 404]).toContain(reply?.status);
  expect(reply?.body).not.toContain("username");
});
