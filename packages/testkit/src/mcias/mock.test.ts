import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { MciasClient } from "@cardea/mcias";
import { describe, expect, test } from "vitest";
import { createMciasMock, type MciasMock, type MciasMockOptions } from "./index.js";

const require = createRequire(import.meta.url);
const fixture = (name: string) => JSON.parse(readFileSync(require.resolve(`@cardea/mcias/testdata/${name}`), "utf8"));

const tokens: Record<string, { token: string; claims: { sub: string; jti: string } }> = Object.fromEntries(
  fixture("tokens.json").tokens.map((one: { name: string }) => [one.name, one]),
);
const alice = { username: "alice", password: "correct horse battery", roles: ["user"] };
const root = { username: "root", password: "root's very long passphrase", roles: ["admin"] };
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const clientOf = (mock: MciasMock) => new MciasClient({ serverUrl: mock.url, fetch: mock.handle, clock: mock.clock });
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

describe("the mock", () => {
  test("makes the tokens of the fixtures byte for byte, with their ids", async () => {
    const order = ["alice", "alice_renewed", "root", "ingest"] as const;
    const claims = order.map((name) => tokens[name]!.claims);
    await using mock = createMciasMock({
      ids: [
        claims[0]!.sub,
        claims[0]!.jti,
        claims[1]!.jti,
        claims[2]!.sub,
        claims[2]!.jti,
        claims[3]!.sub,
        claims[3]!.jti,
      ],
    });
    expect(await mock.addAccount(alice)).toBe("550e8400-e29b-41d4-a716-446655440000");
    const client = clientOf(mock);
    expect((await client.login("alice", alice.password)).token).toBe(tokens["alice"]?.token);
    expect(await client.getPublicKey()).toEqual(fixture("public_key.json"));
    mock.clock.advance(3_600_000);
    expect((await client.renewToken()).token).toBe(tokens["alice_renewed"]?.token);
    mock.clock.set(Date.parse("2026-03-11T09:00:00Z"));

    await mock.addAccount(root);
    const administrator = clientOf(mock);
    expect((await administrator.login("root", root.password)).token).toBe(tokens["root"]?.token);
    const ingest = await mock.addAccount({ username: "ingest", type: "system", roles: ["ingest"] });
    expect((await administrator.issueServiceToken(ingest)).token).toBe(tokens["ingest"]?.token);
  });

  test("without ids counts, the same each time", async () => {
    const made = async () => {
      await using mock = createMciasMock();
      const id = await mock.addAccount(alice);
      return [id, claimsOf((await clientOf(mock).login("alice", alice.password)).token).jti];
    };
    const first = await made();
    expect(first).toEqual(["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"]);
    expect(await made()).toEqual(first);
  });

  test("a request sees what was set before it, awaited or not", async () => {
    await using mock = createMciasMock();
    void mock.addAccount(alice);
    void mock.lock("alice");
    await expect(clientOf(mock).login("alice", alice.password)).rejects.toMatchObject({ status: 401 });
  });

  test("answers under any host that a client calls it by", async () => {
    await using mock = createMciasMock();
    const client = new MciasClient({ serverUrl: "https://mcias.example.net", fetch: mock.handle });
    await expect(client.health()).resolves.toBeUndefined();
  });

  test.each<[string, MciasMockOptions["now"], number]>([
    ["a number", 1_800_000_000_000, 1_800_000_000],
    ["a date", new Date(1_800_000_000_000), 1_800_000_000],
    ["a function", () => 1_800_000_000_000, 1_800_000_000],
    ["nothing", undefined, 1_773_219_600],
  ])("its clock starts as %s says, and can be turned", async (_, now, seconds) => {
    await using mock = createMciasMock(now === undefined ? {} : { now });
    await mock.addAccount(alice);
    const iat = async () => claimsOf((await clientOf(mock).login("alice", alice.password)).token).iat;
    expect(await iat()).toBe(seconds);
    mock.clock.advance(60_000);
    expect(await iat()).toBe(seconds + 60);
    mock.clock.set(1_900_000_000_000);
    expect(await iat()).toBe(1_900_000_000);
  });

  test("accounts: a second of one name, a short password, a code", async () => {
    await using mock = createMciasMock();
    await mock.addAccount({ ...alice, totpSecret: secret });
    await expect(mock.addAccount(alice)).rejects.toMatchObject({ code: "username_taken" });
    await expect(mock.addAccount({ username: "bob", password: "short" })).rejects.toMatchObject({
      code: "house_invalid",
    });
    await expect(clientOf(mock).login("alice", alice.password)).rejects.toMatchObject({ code: "totp_required" });
  });

  test("a policy decides after the credentials, and knows service and tags", async () => {
    await using mock = createMciasMock();
    await mock.addAccount(alice);
    const asked: unknown[] = [];
    mock.setPolicy((facts) => {
      asked.push(facts);
      return facts.serviceName !== "mcq";
    });
    const options = { serverUrl: mock.url, fetch: mock.handle, serviceName: "mcq", tags: ["env:restricted"] };
    const client = new MciasClient(options);
    await expect(client.login("alice", "wrong")).rejects.toMatchObject({ status: 401 });
    await expect(client.login("alice", alice.password)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("login denied by policy"),
    });
    expect(asked).toEqual([
      expect.objectContaining({ username: "alice", roles: ["user"], serviceName: "mcq", tags: ["env:restricted"] }),
    ]);
    await expect(clientOf(mock).login("alice", alice.password)).resolves.toBeDefined();
  });

  test.each(["expire", "revoke"] as const)("%s ends one token and no other", async (end) => {
    await using mock = createMciasMock();
    await mock.addAccount(alice);
    const [one, other] = [clientOf(mock), clientOf(mock)];
    const { token } = await one.login("alice", alice.password);
    await other.login("alice", alice.password);
    await mock[end](claimsOf(token).jti);
    expect(await other.validateToken(token)).toEqual({ valid: false });
    expect(await other.validateToken(other.token ?? "")).toMatchObject({ valid: true });
    await expect(mock[end]("7c9e6679-7425-40de-944b-e07fc1f90ae7")).rejects.toMatchObject({ code: "not_found" });
  });

  test("status: an inactive account has no token, a deleted one is gone", async () => {
    await using mock = createMciasMock();
    await mock.addAccount(root);
    const id = await mock.addAccount(alice);
    const client = clientOf(mock);
    const { token } = await client.login("alice", alice.password);
    await mock.setStatus("alice", "inactive");
    expect(await client.validateToken(token)).toEqual({ valid: false });
    await mock.setStatus("alice", "deleted");
    const administrator = clientOf(mock);
    await administrator.login("root", root.password);
    expect(await administrator.getAccount(id)).toMatchObject({ status: "deleted" });
  });

  test("a lock is over when its time is", async () => {
    await using mock = createMciasMock();
    await mock.addAccount(alice);
    await mock.lock("alice");
    await expect(clientOf(mock).login("alice", alice.password)).rejects.toMatchObject({ status: 401 });
    mock.clock.advance(15 * 60_000);
    await expect(clientOf(mock).login("alice", alice.password)).resolves.toBeDefined();
  });
});

describe("a sealed mock", () => {
  test.each([
    ["seed", { status: "ok" }],
    ["extended", { status: "sealed" }],
  ] as const)("of the %s profile answers only health and the public key", async (profile, healthy) => {
    await using mock = createMciasMock({ profile });
    await mock.addAccount(alice);
    const client = clientOf(mock);
    const ask = (method: string, path: string) => mock.handle(new Request(mock.url + path, { method }));
    mock.seal(true);
    await expect(client.login("alice", alice.password)).rejects.toMatchObject({ status: 503, code: "vault_sealed" });
    const refused = await ask("GET", "/v1/accounts");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await refused.json()).toEqual(fixture("error_sealed.json"));
    expect(await (await ask("GET", "/v1/health")).json()).toEqual(healthy);
    expect((await ask("GET", "/v1/keys/public")).status).toBe(200);
    expect((await ask("GET", "/v1/nothing")).status).toBe(404);
    await client.health();
    mock.seal(false);
    await expect(client.login("alice", alice.password)).resolves.toBeDefined();
    expect(await (await ask("GET", "/v1/health")).json()).toEqual({ status: "ok" });
  });
});

test("listens by TLS with a CA of its own, and is the same mock there", async () => {
  await using mock = createMciasMock({ profile: "extended" });
  expect(mock.caCert).toBeUndefined();
  await mock.addAccount(alice);
  const { url, caCert } = await mock.listen();
  expect(mock.caCert).toBe(caCert);
  const client = new MciasClient({ serverUrl: url, caCert });
  const { token } = await client.login("alice", alice.password);
  expect(claimsOf(token).iss).toBe("https://auth.example.com:8443");
  expect(await clientOf(mock).validateToken(token)).toMatchObject({ valid: true, username: "alice" });
  mock.failNext("/v1/auth/renew", { drop: true });
  await expect(client.renewToken()).rejects.toMatchObject({ name: "MciasTransportError" });
  mock.extraField("/v1/token/validate", "color", "blue");
  await expect(client.validateToken(token)).rejects.toMatchObject({ name: "MciasDecodeError" });
  expect(mock.requests.map(({ path, status }) => `${path} ${status}`)).toEqual([
    "/v1/auth/login 200",
    "/v1/token/validate 200",
    "/v1/auth/renew 0",
    "/v1/token/validate 200",
  ]);
});
