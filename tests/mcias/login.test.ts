import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimsOf, minute, openHouse, passwords, usualHouse, type RawReply, type TestHouse } from "./house.js";

const failure = '{"error":"invalid credentials","code":"unauthorized"}';

function login(house: TestHouse, body: object): Promise<RawReply> {
  return house.raw("POST", "/v1/auth/login", { body });
}

describe("login (conformance 18 to 22)", () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openHouse();
  });
  afterAll(() => house[Symbol.asyncDispose]());

  test.each([
    ["a human", "alice", 720 * 3600],
    ["an administrator", "root", 8 * 3600],
  ] as const)(
    "18: gives %s a token with the lifetime of its kind, and tells its end twice alike",
    async (_, username, seconds) => {
      const reply = await login(house, { username, password: passwords[username] });
      expect(reply.status).toBe(200);
      expect(Object.keys(reply.body).sort()).toEqual(["expires_at", "token"]);
      const claims = claimsOf(reply.body.token);
      expect(claims["exp"] - claims["iat"]).toBe(seconds);
      expect(reply.body.expires_at).toBe(`${new Date(claims["exp"] * 1000).toISOString().slice(0, 19)}Z`);
      expect(reply.headers["cache-control"]).toContain("no-store");
    },
  );

  test("18: the token has exactly the header and the claims of section 3", async () => {
    const token = await house.tokenOf("alice");
    expect(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).toBe('{"alg":"EdDSA","typ":"JWT"}');
    expect(Object.keys(claimsOf(token))).toEqual(["iss", "sub", "roles", "jti", "iat", "exp"]);
    expect(claimsOf(token)).toMatchObject({ iss: house.url, sub: await house.idOf("alice"), roles: ["user"] });
  });

  test("19: every cause of failure gives the same bytes", async () => {
    await using own = await openHouse();
    const root = own.client(await own.tokenOf("root"));
    for (const name of ["inactive", "deleted", "locked"]) await root.createAccount(name, "human", passwords.alice);
    await root.updateAccount(await own.idOf("inactive"), { status: "inactive" });
    await root.deleteAccount(await own.idOf("deleted"));
    for (let i = 0; i < 10; i += 1) await login(own, { username: "locked", password: "wrong" });

    const causes = {
      unknown: { username: "nobody", password: passwords.alice },
      wrong: { username: "alice", password: "wrong" },
      code: { username: "otto", password: passwords.otto, totp_code: "000000" },
      locked: { username: "locked", password: passwords.alice },
      inactive: { username: "inactive", password: passwords.alice },
      deleted: { username: "deleted", password: passwords.alice },
      system: { username: "ingest", password: passwords.alice },
    };
    const seen = new Map<string, string>();
    for (const [cause, body] of Object.entries(causes)) {
      const reply = await login(own, body);
      const { date: _date, "x-request-id": _id, ...headers } = reply.headers;
      seen.set(cause, JSON.stringify([reply.status, headers, reply.text]));
      expect(reply.text, cause).toBe(failure);
    }
    expect(new Set(seen.values()).size).toBe(1);
  });

  test("20: a missing code is told only after a right password, and is not counted", async () => {
    for (let i = 0; i < 12; i += 1) {
      const reply = await login(house, { username: "otto", password: passwords.otto });
      expect(reply.status).toBe(401);
      expect(reply.body).toEqual({ error: "TOTP code required", code: "totp_required" });
    }
    expect((await login(house, { username: "otto", password: "wrong" })).text).toBe(failure);
    expect((await login(house, { username: "otto", password: passwords.otto, totp_code: house.code() })).status).toBe(
      200,
    );
  });

  test("20: a code works once, also when it is sent many times at once", async () => {
    house.clock.turn(2 * minute);
    const body = { username: "otto", password: passwords.otto, totp_code: house.code() };
    const replies = await Promise.all(Array.from({ length: 6 }, () => login(house, body)));
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 401, 401, 401, 401, 401]);
    expect((await login(house, body)).text).toBe(failure);
  });

  test.each([
    [-30_000, 200],
    [30_000, 200],
    [-60_000, 401],
    [60_000, 401],
  ])("20: a code of %i ms away gives %i", async (away, status) => {
    await using own = await openHouse();
    own.clock.turn(away);
    const code = own.code();
    own.clock.turn(-away);
    expect((await login(own, { username: "otto", password: passwords.otto, totp_code: code })).status).toBe(status);
  });

  test("20: a code for somebody without one is ignored, an empty one is absent, a malformed one is 400", async () => {
    const alice = { username: "alice", password: passwords.alice };
    expect((await login(house, { ...alice, totp_code: "123456" })).status).toBe(200);
    expect((await login(house, { ...alice, totp_code: "" })).status).toBe(200);
    expect((await login(house, { ...alice, totp_code: null })).status).toBe(200);
    for (const code of ["12345", "1234567", "12345a", "１２３４５６", "123456\n"]) {
      expect((await login(house, { ...alice, totp_code: code })).status, code).toBe(400);
    }
  });

  test("21: ten failures lock for fifteen minutes from the tenth; tries meanwhile neither count nor prolong", async () => {
    await using own = await openHouse();
    const alive = await own.tokenOf("alice");
    const right = { username: "alice", password: passwords.alice };
    const wrong = { username: "alice", password: "wrong" };
    for (let i = 0; i < 9; i += 1) await login(own, wrong);
    expect((await login(own, right)).status, "nine failures do not lock").toBe(200);

    for (let i = 0; i < 10; i += 1) await login(own, wrong);
    expect((await login(own, right)).text, "the right password while locked").toBe(failure);
    expect((await own.client().validateToken(alive)).valid, "a live token stays valid").toBe(true);
    own.clock.turn(14 * minute);
    for (let i = 0; i < 3; i += 1) expect((await login(own, right)).status).toBe(401);
    own.clock.turn(minute + 1_000);
    expect((await login(own, right)).status, "free again").toBe(200);
  });

  test("21: wrong codes count, and failures older than the window do not", async () => {
    await using own = await openHouse();
    const wrongCode = { username: "otto", password: passwords.otto, totp_code: "000000" };
    for (let i = 0; i < 10; i += 1) await login(own, wrongCode);
    expect((await login(own, { ...wrongCode, totp_code: own.code() })).text).toBe(failure);

    for (let i = 0; i < 9; i += 1) await login(own, { username: "alice", password: "wrong" });
    own.clock.turn(16 * minute);
    for (let i = 0; i < 9; i += 1) await login(own, { username: "alice", password: "wrong" });
    expect((await login(own, { username: "alice", password: passwords.alice })).status).toBe(200);
  });

  test("21: of many wrong guesses at once, no more than the limit are tried", async () => {
    await using own = await openHouse();
    const guesses = Array.from({ length: 40 }, (_, i) => login(own, { username: "alice", password: `guess ${i}` }));
    const replies = await Promise.all(guesses);
    expect(replies.every((reply) => reply.status === 401 || reply.status === 503)).toBe(true);
    const tried = await own.storage.read
      .selectFrom("audit_events")
      .select("details")
      .where("type", "=", "login_fail")
      .execute();
    expect(tried.filter((event) => event.details === '{"reason":"password"}')).toHaveLength(10);
    expect((await login(own, { username: "alice", password: passwords.alice })).text).toBe(failure);
  });

  test("22: policy denies with 403 only after right credentials, and neither counts nor forgives", async () => {
    const policy = [
      { effect: "deny", serviceNames: ["vault"], roles: ["user"] },
      { effect: "deny", requiredTags: ["env:restricted", "tier:1"] },
    ];
    await using own = await openHouse(usualHouse({ policy }));
    const to = (service_name: string | null, tags: string[], password = passwords.alice) =>
      login(own, { username: "alice", password, service_name, tags });

    expect((await to("mcq", [])).status).toBe(200);
    expect((await to(null, ["env:restricted"])).status).toBe(200);
    expect((await to("", [])).status).toBe(200);
    for (const reply of [await to("vault", []), await to("mcq", ["tier:1", "env:restricted", "x"])]) {
      expect(reply.status).toBe(403);
      expect(reply.body).toEqual({ error: "login denied by policy", code: "forbidden" });
    }
    expect((await to("vault", [], "wrong")).text).toBe(failure);

    for (let i = 0; i < 9; i += 1) await to("mcq", [], "wrong");
    await to("vault", []);
    expect((await to("mcq", [])).text, "the denial did not forgive: the first wrong one and nine more lock").toBe(
      failure,
    );
  });

  test("a username in another case or another form is another name", async () => {
    for (const username of ["alice\u0000", "\u0000", "Alice", "ALICE", "ａlice", " alice", "alice "]) {
      expect((await login(house, { username, password: passwords.alice })).text, username).toBe(failure);
    }
  });

  test("48: a password is compared byte by byte as decoded", async () => {
    const root = house.client(await house.tokenOf("root"));
    await root.createAccount("unicode", "human", "pass-caf\u00e9-word");
    expect((await login(house, { username: "unicode", password: "pass-cafe\u0301-word" })).text).toBe(failure);
    const escaped = await house.raw("POST", "/v1/auth/login", {
      body: '{"username":"unicode","password":"pass-caf\\u00e9-word"}',
    });
    expect(escaped.status).toBe(200);
  });

  test("no name and no password are 400, whatever else breaks a rule is a wrong credential", async () => {
    expect((await login(house, { username: "", password: "x" })).status).toBe(400);
    expect((await login(house, { username: "alice", password: "" })).status).toBe(400);
    expect((await login(house, { username: "ünïcode", password: "x" })).text).toBe(failure);
    expect((await login(house, { username: "a".repeat(300), password: "x".repeat(5_000) })).text).toBe(failure);
  });
});

describe("rates (conformance 23)", () => {
  test("of forty calls at once the burst passes and the rest are 429, the other route and the free ones are not touched", async () => {
    await using house = await openHouse(
      usualHouse({ rates: { login: { perSecond: 10, burst: 10 }, validate: { perSecond: 10, burst: 10 } } }),
    );
    const flood = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        house.raw("POST", "/v1/token/validate", { body: {}, headers: { "x-forwarded-for": `10.0.0.${i}` } }),
      ),
    );
    const passed = flood.filter((reply) => reply.status === 200);
    const limited = flood.filter((reply) => reply.status === 429);
    expect(passed.length).toBeGreaterThanOrEqual(10);
    expect(limited.length).toBeGreaterThan(0);
    expect(passed.length + limited.length).toBe(40);
    for (const reply of limited) {
      expect(reply.body).toEqual({ error: "too many requests", code: "rate_limited" });
      expect(Number(reply.headers["retry-after"])).toBeGreaterThanOrEqual(1);
      expect(String(reply.headers["retry-after"])).toMatch(/^[0-9]+$/);
    }
    expect((await login(house, { username: "alice", password: passwords.alice })).status).toBe(200);
    const free = await Promise.all(
      Array.from({ length: 40 }, (_, i) => house.raw("GET", i % 2 === 0 ? "/v1/health" : "/v1/keys/public")),
    );
    expect(free.every((reply) => reply.status === 200)).toBe(true);
  });

  test("a route or a method that is not there takes nothing from a rate", async () => {
    await using house = await openHouse(
      usualHouse({ rates: { login: { perSecond: 0.001, burst: 1 }, validate: "off" } }),
    );
    for (let i = 0; i < 5; i += 1) expect((await house.raw("GET", "/v1/auth/login")).status).toBe(405);
    expect((await login(house, { username: "alice", password: passwords.alice })).status).toBe(200);
    expect((await login(house, { username: "alice", password: passwords.alice })).status).toBe(429);
    const malformed = await house.raw("POST", "/v1/auth/login", { body: "{" });
    expect(malformed.status, "the rate comes before the body").toBe(429);
  });
});
