import { inspect } from "node:util";
import {
  MciasAuthError,
  MciasClient,
  MciasConflictError,
  MciasError,
  MciasForbiddenError,
  MciasInputError,
  MciasNotFoundError,
  MciasServerError,
  MciasTransportError,
} from "@cardea/mcias";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHouse, passwords, usualHouse, uuid, type TestHouse } from "./house.js";

let house: TestHouse;
let root: MciasClient;
beforeAll(async () => {
  house = await openHouse();
  root = house.client(await house.tokenOf("root"));
});
afterAll(() => house[Symbol.asyncDispose]());

describe("our client against our authority, over TLS", () => {
  test("all seventeen operations, as a program would use them", async () => {
    const client = house.client();
    await client.health();
    expect(await client.getPublicKey()).toEqual({
      kty: "OKP",
      crv: "Ed25519",
      x: expect.stringMatching(/^[\w-]{43}$/),
    });

    const first = await client.login("root", passwords.root);
    expect(client.token).toBe(first.token);
    const bob = await client.createAccount("bob", "human", "another long passphrase");
    const worker = await client.createAccount("worker", "system");
    expect(await client.getAccount(bob.id)).toEqual(bob);
    expect((await client.listAccounts()).map((account) => account.username)).toEqual(
      expect.arrayContaining(["bob", "worker"]),
    );

    await client.setRoles(bob.id, ["user", "editor"]);
    expect(await client.getRoles(bob.id)).toEqual(["editor", "user"]);
    const service = await client.issueServiceToken(worker.id);
    expect(client.token, "issuing leaves the stored token alone").toBe(first.token);
    expect(await client.validateToken(service.token)).toMatchObject({ valid: true, sub: worker.id, roles: [] });

    await client.setPgCreds(worker.id, "db.example.com", 5432, "jobs", "worker_rw", "fixture-only-secret");
    expect(await house.client(service.token).getPgCreds(worker.id)).toEqual({
      host: "db.example.com",
      port: 5432,
      database: "jobs",
      username: "worker_rw",
      password: "fixture-only-secret",
    });

    const renewed = await client.renewToken();
    expect(renewed.token).not.toBe(first.token);
    expect(client.token).toBe(renewed.token);
    const jti = JSON.parse(Buffer.from(service.token.split(".")[1] ?? "", "base64url").toString()).jti as string;
    await client.revokeToken(jti);
    expect((await client.validateToken(service.token)).valid).toBe(false);
    expect(await client.updateAccount(bob.id, { status: "inactive" })).toMatchObject({ status: "inactive" });
    await client.deleteAccount(bob.id);
    await client.logout();
    expect(client.token).toBeUndefined();
    expect((await client.validateToken(renewed.token)).valid).toBe(false);
  });

  test("9: an account with a code says so, and the code completes the login", async () => {
    const client = house.client();
    await expect(client.login("otto", passwords.otto)).rejects.toMatchObject({ code: "totp_required", status: 401 });
    await client.login("otto", passwords.otto, house.code());
    expect(client.token).toBeDefined();
  });

  test.each<[string, () => Promise<unknown>, new (...args: never[]) => MciasError, number, string]>([
    ["a short password", () => root.createAccount("x", "human", "short"), MciasInputError, 400, "bad_request"],
    ["a wrong password", () => house.client().login("alice", "wrong"), MciasAuthError, 401, "unauthorized"],
    [
      "a role that is not held",
      async () => house.client(await house.tokenOf("alice")).listAccounts(),
      MciasForbiddenError,
      403,
      "forbidden",
    ],
    ["an unknown id", () => root.getAccount(uuid()), MciasNotFoundError, 404, "not_found"],
    ["a taken name", () => root.createAccount("alice", "system"), MciasConflictError, 409, "conflict"],
  ])("8: %s becomes the error of its status", async (_, act, type, status, code) => {
    const error = await act().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(MciasError);
    expect(error).toMatchObject({ status, code });
  });

  test("8: a failing database is a server error, and 429 tells how long to wait", async () => {
    house.fail(new Error("planted"));
    await expect(root.createAccount("never", "system")).rejects.toBeInstanceOf(MciasServerError);
    house.fail(undefined);

    await using limited = await openHouse(
      usualHouse({ rates: { login: { perSecond: 0.01, burst: 1 }, validate: "off" } }),
    );
    await limited.client().login("alice", passwords.alice);
    const error = await limited
      .client()
      .login("alice", passwords.alice)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 429, code: "rate_limited" });
    expect((error as { retryAfterSeconds: number }).retryAfterSeconds).toBeGreaterThanOrEqual(1);
  });

  test("2: without the house's CA, or under a name that is not in its certificate, there is no connection", async () => {
    const port = new URL(house.url).port;
    const stranger = new MciasClient({ serverUrl: house.url });
    await expect(stranger.health()).rejects.toBeInstanceOf(MciasTransportError);
    const other = new MciasClient({ serverUrl: `https://127.0.0.2:${port}/mcias`, caCert: house.ca });
    await expect(other.health()).rejects.toBeInstanceOf(MciasTransportError);
    const address = new MciasClient({ serverUrl: `https://127.0.0.1:${port}/mcias`, caCert: house.ca });
    await expect(address.health()).resolves.toBeUndefined();
  });

  test("6: ten renewals at once make one request", async () => {
    const client = house.client(await house.tokenOf("alice"));
    const results = await Promise.all(Array.from({ length: 10 }, () => client.renewToken()));
    expect(new Set(results.map((result) => result.token)).size).toBe(1);
    expect(client.token).toBe(results[0]?.token);
  });

  test("13: neither the client nor its errors show a token or a password", async () => {
    const client = house.client();
    const { token } = await client.login("alice", passwords.alice);
    const error = await client.listAccounts().catch((reason: unknown) => reason);
    for (const text of [
      inspect(client, { depth: 9, showHidden: true }),
      JSON.stringify(client),
      `${client}`,
      inspect(error, { depth: 9 }),
    ]) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(passwords.alice);
    }
  });

  test("leaving its scope logs the client out", async () => {
    let token: string;
    {
      await using client = house.client();
      ({ token } = await client.login("alice", passwords.alice));
    }
    expect((await house.client().validateToken(token)).valid).toBe(false);
  });
});
