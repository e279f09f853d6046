import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { call, createIo, systemClock } from "@cardea/core";
import { MciasClient, MciasServerError, MciasTransportError } from "@cardea/mcias";
import { health } from "@cardea/mcias/contract";
import { describe, expect, test } from "vitest";
import { manualClock, startHouse, totpCode, type HouseOptions } from "./index.js";

const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const passphrase = "correct horse battery";
const people = {
  accounts: [
    { username: "root", password: "root's very long passphrase", roles: ["admin"] },
    { username: "alice", password: passphrase, roles: ["user"] },
    { username: "otto", password: "otto needs a code too", totp: secret },
  ],
};
const hour = 3_600_000;

describe.each<[string, HouseOptions]>([
  ["in memory", {}],
  ["on sockets", { sockets: true }],
])("a house %s", (_, where) => {
  test("is a whole authority: people log in, and tokens are validated and revoked", async () => {
    await using house = await startHouse({ house: people, ...where });
    const alice = house.mcias();
    const { token } = await alice.login("alice", passphrase);
    expect(await house.mcias().validateToken(token)).toMatchObject({ valid: true, roles: ["user"] });
    await alice.logout();
    expect(await house.mcias().validateToken(token)).toEqual({ valid: false });
  });

  test("lives in the time of its clock: tokens end when it is turned, and codes follow it", async () => {
    await using house = await startHouse({ house: people, ...where });
    const { token } = await house.mcias().login("root", "root's very long passphrase");
    house.clock.advance(8 * hour - 1_000);
    expect(await house.mcias().validateToken(token)).toMatchObject({ valid: true });
    house.clock.advance(1_000);
    expect(await house.mcias().validateToken(token)).toEqual({ valid: false });

    const code = totpCode(secret, house.clock.now());
    const otto = house.mcias();
    await otto.login("otto", "otto needs a code too", code);
    await expect(otto.login("otto", "otto needs a code too", code)).rejects.toMatchObject({ status: 401 });
  });

  test("fails when it is told to, once for each fault and in their order", async () => {
    await using house = await startHouse({ house: people, ...where });
    const client = house.mcias();
    house.failNext("/v1/auth/login", { status: 503, headers: { "Retry-After": "7" } });
    house.failNext("/v1/auth/login", { drop: true });
    const refused = await client.login("alice", passphrase).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MciasServerError);
    expect(refused).toMatchObject({ status: 503, retryAfterSeconds: 7 });
    await expect(client.login("alice", passphrase)).rejects.toBeInstanceOf(MciasTransportError);
    await expect(client.login("alice", passphrase)).resolves.toBeDefined();
    expect(house.requests.map(({ status }) => status)).toEqual([503, 0, 200]);
  });

  test("answers with the body that a fault says, and adds members for good", async () => {
    await using house = await startHouse({ house: people, ...where });
    const client = house.mcias();
    house.failNext("/v1/keys/public", { body: "not JSON" });
    await expect(client.getPublicKey()).rejects.toMatchObject({ code: expect.any(String), status: 200 });
    house.failNext("/v1/keys/public", { status: 200, body: { kty: "OKP" } });
    await expect(client.getPublicKey()).rejects.toMatchObject({ name: "MciasDecodeError" });

    house.extraField("/v1/keys/public", "color", "blue");
    for (const _time of [1, 2]) await expect(client.getPublicKey()).rejects.toThrow(/color/);
    expect(await house.mcias({ decoding: "lenient" }).getPublicKey()).toMatchObject({ kty: "OKP" });
  });

  test("shows what was asked by template, and nothing that was in it", async () => {
    await using house = await startHouse({ house: people, ...where });
    const root = house.mcias();
    const { token } = await root.login("root", "root's very long passphrase");
    const id = await house.subjectOf("mcias", "alice");
    await root.getAccount(id);
    await house.fetch(`${house.urls["mcias"]}/v1/nobody/${id}`);
    expect(house.requests).toEqual([
      { wire: "mcias", method: "POST", path: "/v1/auth/login", status: 200, bearer: false },
      { wire: "mcias", method: "GET", path: "/v1/accounts/{id}", status: 200, bearer: true },
      { wire: "mcias", method: "GET", path: "unknown", status: 404, bearer: false },
    ]);
    const shown = inspect(house, { depth: 9 }) + JSON.stringify(house.requests);
    for (const hidden of [token, id, "root's very long passphrase"]) expect(shown).not.toContain(hidden);
  });

  test("is reached by a transport too", async () => {
    await using house = await startHouse(where);
    const io = createIo({ transport: house.transport, clock: systemClock });
    const target = { baseUrl: house.urls["mcias"] as string, decoding: "strict" } as const;
    expect(await call(io, target, health, {})).toEqual({ status: "ok" });
  });
});

describe("a house on sockets", () => {
  test("is trusted by those who have its CA, and by nobody else", async () => {
    await using house = await startHouse({ sockets: true });
    expect(house.url).toMatch(/^https:\/\/localhost:\d+$/);
    const serverUrl = house.urls["mcias"] as string;
    const trusting = new MciasClient({ serverUrl, ...(house.caCert !== undefined && { caCert: house.caCert }) });
    await expect(trusting.health()).resolves.toBeUndefined();
    await expect(new MciasClient({ serverUrl }).health()).rejects.toBeInstanceOf(MciasTransportError);
  });

  test("listens no more once it is closed", async () => {
    const house = await startHouse({ sockets: true });
    const client = new MciasClient({ serverUrl: house.urls["mcias"] as string, caCert: house.caCert as string });
    await client.health();
    await house.close();
    await expect(client.health()).rejects.toBeInstanceOf(MciasTransportError);
  });
});

describe("a house in memory", () => {
  test("two of them know nothing of each other", async () => {
    await using one = await startHouse({ house: people });
    await using other = await startHouse();
    const { token } = await one.mcias().login("alice", passphrase);
    expect(await other.mcias().validateToken(token)).toEqual({ valid: false });
    expect(one.caCert).toBeUndefined();
  });

  test("comes from a file as well, with secrets beside it and generated ones written out", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cardea-testkit-"));
    try {
      await writeFile(join(folder, "alice.pw"), `${passphrase}\n`, { mode: 0o600 });
      const accounts = [
        { username: "alice", password: { file: "alice.pw" } },
        { username: "bob", password: { generate: true } },
      ];
      await writeFile(join(folder, "house.json"), JSON.stringify({ accounts }));
      const credentialsOut = join(folder, "credentials.json");
      await using house = await startHouse({ house: join(folder, "house.json"), credentialsOut });
      await house.mcias().login("alice", passphrase);
      const { accounts: generated } = JSON.parse(await readFile(credentialsOut, "utf8"));
      await house.mcias().login("bob", generated.bob.password);
      expect(house.report?.changes).toHaveLength(2);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("a broken house is refused with its place", async () => {
    await expect(startHouse({ house: { accounts: [{ username: "" }] } })).rejects.toMatchObject({
      code: "house_invalid",
      message: expect.stringContaining("accounts[0].username"),
    });
  });

  test("one seed and one time make the same tokens, another seed others", async () => {
    const tokenOf = async (seed: number) => {
      const clock = manualClock(Date.parse("2026-03-11T09:00:00Z"));
      await using house = await startHouse({ house: people, clock, seed });
      return (await house.mcias().login("alice", passphrase)).token;
    };
    const [first, again, other] = [await tokenOf(7), await tokenOf(7), await tokenOf(8)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("requests are not limited unless rates are asked for", async () => {
    const statuses = async (options: HouseOptions) => {
      await using house = await startHouse(options);
      const client = house.mcias();
      for (let count = 0; count < 12; count += 1) await client.validateToken("a.b.c").catch(() => undefined);
      return house.requests.map(({ status }) => status);
    };
    expect(await statuses({})).toEqual(Array(12).fill(200));
    expect(await statuses({ rates: true })).toEqual([...Array(10).fill(200), 429, 429]);
  });

  test("a fault may only delay, by the clock of the house", async () => {
    await using house = await startHouse({ house: people });
    house.failNext("/v1/health", { delayMs: 20_000 });
    const answered = house.mcias().health();
    await house.fetch(`${house.url}/healthz`);
    expect(house.requests).toEqual([]);
    house.clock.advance(20_000);
    await answered;

    house.failNext("/v1/auth/login", { delayMs: 60_000 });
    const late = house.mcias({ timeoutMs: 5_000 }).login("alice", passphrase);
    const outcome = expect(late).rejects.toBeInstanceOf(MciasTransportError);
    await house.fetch(`${house.url}/healthz`);
    house.clock.advance(5_000);
    await outcome;
  });

  test("a fault for a path that no wire has is a mistake of the test", async () => {
    await using house = await startHouse();
    expect(() => house.failNext("/v1/login", { status: 500 })).toThrow(TypeError);
    expect(() => house.extraField("/v2/health", "x", 1)).toThrow(TypeError);
  });

  test("accounts come, go, and are locked while it runs", async () => {
    await using house = await startHouse({ house: people });
    await house.apply({ accounts: [{ username: "bob", password: "another long passphrase" }] });
    const { token } = await house.mcias().login("bob", "another long passphrase");
    await house.lock("bob");
    await expect(house.mcias().login("bob", "another long passphrase")).rejects.toMatchObject({ status: 401 });
    expect(await house.mcias().validateToken(token), "a lock stops logins only").toMatchObject({ valid: true });
    await house.setStatus("bob", "inactive");
    expect(await house.mcias().validateToken(token)).toEqual({ valid: false });
    await house.setStatus("bob", "deleted");
    await expect(house.setStatus("bob", "active")).rejects.toMatchObject({ code: "not_found" });
    await expect(house.setStatus("root", "inactive")).rejects.toMatchObject({ code: "last_administrator" });
    await expect(house.lock("nobody")).rejects.toMatchObject({ code: "not_found" });
  });

  test("what answers no wire looks like a failed fetch where it is dropped, and aborts are the caller's", async () => {
    await using house = await startHouse();
    house.failNext("/v1/health", { drop: true });
    await expect(house.fetch(`${house.urls["mcias"]}/v1/health`)).rejects.toThrow(new TypeError("fetch failed"));
    const signal = AbortSignal.abort(new Error("changed my mind"));
    await expect(house.fetch(`${house.urls["mcias"]}/v1/health`, { signal })).rejects.toThrow("changed my mind");
  });
});
