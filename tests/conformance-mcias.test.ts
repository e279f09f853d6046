import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@cardea/cli";
import { conform, httpsWire, type RawReply, type RawRequest, type Report, type Wire } from "@cardea/conformance";
import { systemClock, type Clock } from "@cardea/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { minute, openHouse, ottoSecret, passwords, usualHouse, type TestHouse } from "./mcias/house.js";

const credentials = {
  administrator: { username: "root", password: passwords.root },
  totp: { username: "otto", password: passwords.otto, secret: ottoSecret },
};

/** Items of the list but for the rates, which have a house of their own: their limits would slow down all others. */
const allButRates = Array.from({ length: 31 }, (_, index) => 18 + index).filter((item) => item !== 23);

const failuresOf = ({ rows }: Report) => rows.filter(({ outcome }) => outcome === "failed");
const titlesOf = (rows: Report["rows"]) => rows.map(({ title }) => title);

/** Long waits turn the clock of the house; short ones are waited for. */
const turning = ({ clock }: TestHouse): Clock => ({
  ...clock,
  after(ms, wake) {
    if (ms <= 2 * minute) return systemClock.after(ms, wake);
    clock.turn(ms);
    return systemClock.after(0, wake);
  },
});

describe("our authority", () => {
  test("passes every row, slow ones included, and keeps nothing of the run", { timeout: 180_000 }, async () => {
    await using house = await openHouse();
    const options = { wire: "mcias", url: house.url, ca: house.ca, credentials, clock: turning(house) } as const;
    const report = await conform({ ...options, slow: true, only: allButRates });
    expect(failuresOf(report)).toEqual([]);
    expect(report).toMatchObject({ skipped: 0, leftBehind: [] });
    expect(report.passed).toBeGreaterThan(140);
    const left = await house.client(await house.tokenOf("root")).listAccounts();
    expect(left.map(({ username }) => username).sort()).toEqual(["alice", "ingest", "otto", "root"]);
  });

  test("passes the rows about rates with the limits of the wire document", { timeout: 60_000 }, async () => {
    const limit = { perSecond: 10, burst: 10 };
    await using house = await openHouse(usualHouse({ rates: { login: limit, validate: limit } }));
    const report = await conform({ wire: "mcias", url: house.url, ca: house.ca, credentials, only: [23] });
    expect(failuresOf(report)).toEqual([]);
    expect(report).toMatchObject({ skipped: 0, leftBehind: [] });
  });

  test("passes as the extended profile where it is set to that, and only there", { timeout: 60_000 }, async () => {
    await using house = await openHouse(usualHouse({ profile: "extended" }));
    const options = { wire: "mcias", url: house.url, ca: house.ca, credentials, only: [38] } as const;
    expect(failuresOf(await conform({ ...options, profile: "extended" }))).toEqual([]);
    expect(titlesOf(failuresOf(await conform(options)))).toEqual(["A valid token's answer has exactly its members"]);
  });
});

/** A line to the server that breaks one thing. */
type Fault = (request: RawRequest, pass: (request: RawRequest) => Promise<RawReply>) => Promise<RawReply>;

const json = (status: number, body: object): RawReply => ({
  status,
  headers: { "content-type": "application/json", "www-authenticate": "Bearer" },
  text: JSON.stringify(body),
});

const onReply =
  (change: (reply: RawReply, request: RawRequest) => RawReply): Fault =>
  async (request, pass) =>
    change(await pass(request), request);

const withMember = (reply: RawReply): RawReply => ({
  ...reply,
  text: reply.text.replace(/^\{"/, '{"surplus":1,"'),
});

interface Planted {
  readonly fault: Fault;
  /** The items that are run. */
  readonly only: readonly number[];
  /** Rows that need an account too. */
  readonly signedIn?: true;
  readonly fails: readonly string[];
}

/** Every account that a list ever held. */
const everListed = new Map<string, unknown>();

/** What everybody sees of the door. */
const door = [27, 28, 29, 38, 39, 46];

const planted: Readonly<Record<string, Planted>> = {
  "nothing at all": { fault: (request, pass) => pass(request), only: door, fails: [] },
  "a member more in health": {
    fault: onReply((reply, { path }) => (path === "/v1/health" && reply.status === 200 ? withMember(reply) : reply)),
    only: door,
    fails: ["Health is exactly its status"],
  },
  "a member more in the public key": {
    fault: onReply((reply, { path }) => (path === "/v1/keys/public" ? withMember(reply) : reply)),
    only: door,
    fails: ["The public key has exactly kty, crv and x, 32 bytes of Ed25519"],
  },
  "no WWW-Authenticate": {
    fault: onReply((reply) => {
      const { "www-authenticate": _, ...headers } = reply.headers;
      return { ...reply, headers };
    }),
    only: door,
    fails: ["401 carries WWW-Authenticate: Bearer"],
  },
  "a trailing slash that is taken": {
    fault: (request, pass) => pass({ ...request, path: request.path.replace(/(?<=\w)\/$/, "") }),
    only: door,
    fails: ["A path with a trailing slash is an unknown one"],
  },
  "a path that is tidied": {
    fault: (request, pass) => pass({ ...request, path: new URL(request.path, "https://x.example/v1/").pathname }),
    only: door,
    fails: ["A path with a doubled slash or a dot segment is an unknown one"],
  },
  "403 before 401": {
    fault: onReply((reply, { path, headers }) =>
      reply.status === 401 && path.startsWith("/v1/accounts") && !("authorization" in headers)
        ? json(403, { error: "insufficient role", code: "forbidden" })
        : reply,
    ),
    only: door,
    fails: [
      "Every guarded route answers 401 to a call without a token",
      "Without a token it is 401 also where the body is bad",
      "A refusal has exactly the members error and code",
      "401 carries WWW-Authenticate: Bearer",
    ],
  },
  "405 without Allow": {
    fault: onReply((reply) => (reply.status === 405 ? json(405, JSON.parse(reply.text) as object) : reply)),
    only: door,
    fails: [
      "Another method is 405 with Allow, and no token is asked for",
      "A fixed segment wins over an id, for every method",
    ],
  },
  "another text for a name that cannot be": {
    fault: onReply((reply, { path, body }) =>
      path === "/v1/auth/login" && reply.status === 401 && String(body).includes("no such name")
        ? json(401, { error: "no such account", code: "unauthorized" })
        : reply,
    ),
    only: [19, 48],
    fails: ["What breaks the rules for values is a wrong credential, byte for byte"],
  },
  "400 for a token that is none": {
    fault: onReply((reply, { path, body }) =>
      path === "/v1/token/validate" && String(body).includes("a.b.c")
        ? json(400, { error: "malformed token", code: "bad_request" })
        : reply,
    ),
    only: door,
    fails: ["Validate wants no token of its own and calls nothing an error"],
  },
  "a byte order mark that is skipped": {
    fault: (request, pass) =>
      pass(typeof request.body === "string" ? { ...request, body: request.body.replace(/^\ufeff/, "") } : request),
    only: [43],
    fails: ["400 for a byte order mark: routes for anyone"],
  },
  "200 for an id that nobody has": {
    fault: onReply((reply, { method, path }) =>
      method === "GET" && reply.status === 404 && /^\/v1\/accounts\/[0-9a-f-]{36}$/.test(path) ? json(200, {}) : reply,
    ),
    only: [29, 31, 32, 33],
    signedIn: true,
    fails: ["404 for an id that nobody has"],
  },
  "a member more in every account": {
    fault: onReply((reply) => ({
      ...reply,
      text: reply.text.replaceAll('"totp_enabled":', '"surplus":1,"totp_enabled":'),
    })),
    only: [30, 32, 38],
    signedIn: true,
    fails: [
      "List and get show exactly the seven members",
      "Creation gives exactly an account: active, both times equal, no roles",
    ],
  },
  "roles in another order": {
    fault: onReply((reply, { path }) =>
      path.endsWith("/roles") && reply.status === 200
        ? json(200, { roles: (JSON.parse(reply.text) as { roles: string[] }).roles.reverse() })
        : reply,
    ),
    only: [32, 33],
    signedIn: true,
    fails: ["Roles are replaced whole, merged, sorted by code point, may be none"],
  },
  "a deleted account in the list": {
    fault: onReply((reply, { method, path }) => {
      if (method === "GET" && path === "/v1/accounts" && reply.status === 200) {
        const now = JSON.parse(reply.text) as { id: string }[];
        for (const account of now) everListed.set(account.id, account);
        return { ...reply, text: JSON.stringify([...everListed.values()]) };
      }
      return reply;
    }),
    only: [31, 33, 36, 32],
    signedIn: true,
    fails: ["A deleted account is off the list and readable by its id"],
  },
};

describe("a planted fault makes exactly the rows fail that are about it", () => {
  let house: TestHouse;
  let line: ReturnType<typeof httpsWire>;
  beforeAll(async () => {
    house = await openHouse();
    line = httpsWire(house.url, house.ca);
  });
  afterAll(async () => {
    line.close();
    await house[Symbol.asyncDispose]();
  });

  test.each(Object.entries(planted))("%s", { timeout: 60_000 }, async (_, { fault, only, signedIn, fails }) => {
    const send: Wire = (request, signal) => fault(request, (changed) => line.send(changed, signal));
    const report = await conform({
      wire: "mcias",
      url: house.url,
      send,
      only,
      ...(signedIn === true && { credentials }),
    });
    expect(titlesOf(failuresOf(report)).sort()).toEqual([...fails].sort());
    expect(report.leftBehind).toEqual([]);
  });

  test("no secret of the run is in the report of a server that says too much", { timeout: 60_000 }, async () => {
    const said: string[] = [];
    const send: Wire = async (request, signal) => {
      const reply = await line.send(request, signal);
      said.push(...[...reply.text.matchAll(/"token":"([^"]+)"/g)].map(([, token]) => token as string));
      // Every refusal quotes what it was sent.
      const echo = `${String(request.body)} ${JSON.stringify(request.headers)} ${reply.text}`;
      return reply.status >= 400 ? { ...reply, status: 418, text: echo } : reply;
    };
    const report = await conform({ wire: "mcias", url: house.url, send, credentials, only: [24, 34, 36] });
    const shown = JSON.stringify(report);
    expect(report.failed).toBeGreaterThan(3);
    expect(said.length).toBeGreaterThan(5);
    for (const secret of [passwords.root, passwords.otto, ...said]) expect(shown).not.toContain(secret);
  });
});

describe("cardea conform mcias", () => {
  let house: TestHouse;
  let folder: string;
  beforeAll(async () => {
    house = await openHouse();
    folder = await mkdtemp(join(tmpdir(), "cardea-conform-"));
    await writeFile(join(folder, "ca.pem"), house.ca);
    await writeFile(join(folder, "who.json"), JSON.stringify(credentials));
    await writeFile(join(folder, "bad.json"), '{"administrator":{"username":"root"}}');
  });
  afterAll(async () => {
    await house[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const cardea = async (...args: readonly string[]) => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await run(["conform", "mcias", ...args], {
      stdout: { write: (text) => out.push(text) },
      stderr: { write: (text) => err.push(text) },
      env: {},
      cwd: folder,
      signal: new AbortController().signal,
    });
    return { code, out: out.join(""), err: err.join("") };
  };

  test(
    "without credentials tells a person what passed and why the rest was left out",
    { timeout: 60_000 },
    async () => {
      const { code, out } = await cardea("--url", house.url, "--ca", "ca.pem");
      expect(out).toContain("\nThe door: routes, methods, headers\n  46  ok    An unknown path is 404");
      expect(out).toMatch(/rows skipped: needs an administrator's credentials\n/);
      // This house has no rates.
      expect(out).toMatch(
        / {2}23 {2}FAILS Of 40 validations.*\n {6}step 2.*\n {6}expected {2}1 or more\n {6}got {7}nothing\n/,
      );
      expect(out).toMatch(/: \d+ of \d+ rows failed, \d+ skipped\.\n$/);
      expect(code).toBe(1);
    },
  );

  test("tells a program in JSON", { timeout: 60_000 }, async () => {
    const { out } = await cardea("--url", house.url, "--ca", "ca.pem", "--json");
    const report = JSON.parse(out) as Report;
    expect(report.rows).toHaveLength(report.passed + report.failed + report.skipped);
    expect(report).toMatchObject({ wire: "mcias", url: house.url, leftBehind: [] });
  });

  test.each<[string, string[], number, RegExp]>([
    ["no URL", [], 2, /wants --url/],
    ["another profile", ["--url", "https://localhost:1", "--profile", "later"], 2, /seed or extended/],
    ["plain HTTP", ["--url", "http://localhost:1"], 1, /no https:\/\/ URL/],
    ["nobody there", ["--url", "https://127.0.0.1:1"], 1, /nobody speaks at .*ECONNREFUSED/],
    ["a CA file that is none", ["--url", "https://127.0.0.1:1", "--ca", "who.json"], 1, /holds no certificate/],
    [
      "a CA file that is missing",
      ["--url", "https://127.0.0.1:1", "--ca", "no.pem"],
      1,
      /CA file cannot be read \(ENOENT\)/,
    ],
    ["bad credentials", ["--url", "https://127.0.0.1:1", "--credentials", "bad.json"], 1, /administrator\.password/],
  ])("%s is told in a sentence", async (_, args, code, told) => {
    expect(await cardea(...args)).toMatchObject({ code, out: "", err: expect.stringMatching(told) as string });
  });

  test("a server whose certificate is not trusted is told so, and nothing is sent to it", async () => {
    expect(await cardea("--url", house.url)).toMatchObject({ code: 1, out: "" });
  });
});
