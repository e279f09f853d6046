import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { importJWK, jwtVerify, type JWK } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signingKeyOf } from "./keys.js";
import { claimsOf, day, openHouse, passwords, usualHouse, uuid, type TestHouse } from "./house.js";

const invalid = '{"valid":false}';

describe("renew and log out (conformance 24, 25, 45)", () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openHouse();
  });
  afterAll(() => house[Symbol.asyncDispose]());

  test("24: renewal kills the old token as it makes the new one; a second renewal of the old one is 401", async () => {
    const old = await house.tokenOf("alice");
    const renewed = await house.raw("POST", "/v1/auth/renew", { token: old });
    expect(renewed.status).toBe(200);
    expect(claimsOf(renewed.body.token)["jti"]).not.toBe(claimsOf(old)["jti"]);
    expect((await house.client().validateToken(old)).valid).toBe(false);
    expect((await house.client().validateToken(renewed.body.token)).valid).toBe(true);
    const again = await house.raw("POST", "/v1/auth/renew", { token: old });
    expect(again.status).toBe(401);
    expect(again.body.code).toBe("unauthorized");
  });

  test("24: where the database fails, renewal is 500 and the old token lives on", async () => {
    const token = await house.tokenOf("alice");
    house.fail(new Error("the disk is on fire: secret path /var/lib"));
    const reply = await house.raw("POST", "/v1/auth/renew", { token });
    house.fail(undefined);
    expect(reply.status).toBe(500);
    expect(reply.text).toBe('{"error":"internal error","code":"internal_error"}');
    expect((await house.client().validateToken(token)).valid).toBe(true);
  });

  test("25: renewal reads the roles afresh, and a token keeps its own until then", async () => {
    const root = house.client(await house.tokenOf("root"));
    await root.createAccount("changing", "human", passwords.alice);
    const id = await house.idOf("changing");
    const client = house.client();
    const { token } = await client.login("changing", passwords.alice);
    await root.setRoles(id, ["editor", "admin"]);
    expect(await client.validateToken(token)).toMatchObject({ valid: true, roles: [] });
    expect((await house.raw("GET", "/v1/accounts", { token })).status).toBe(403);
    const renewed = await client.renewToken();
    expect(await client.validateToken(renewed.token)).toMatchObject({ valid: true, roles: ["admin", "editor"] });
    expect(claimsOf(renewed.token)["exp"] - claimsOf(renewed.token)["iat"]).toBe(8 * 3600);
  });

  test("45: of renewals at once exactly one wins", async () => {
    const token = await house.tokenOf("alice");
    const replies = await Promise.all(Array.from({ length: 8 }, () => house.raw("POST", "/v1/auth/renew", { token })));
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 401, 401, 401, 401, 401, 401, 401]);
  });

  test("logging out kills the token; a second time is 401; a body must be empty or an empty object", async () => {
    const token = await house.tokenOf("alice");
    expect((await house.raw("POST", "/v1/auth/logout", { token, body: { everywhere: true } })).status).toBe(400);
    const out = await house.raw("POST", "/v1/auth/logout", { token, body: {} });
    expect([out.status, out.text, out.headers["content-type"]]).toEqual([204, "", undefined]);
    expect((await house.raw("POST", "/v1/auth/logout", { token })).status).toBe(401);
  });
});

describe("validate (conformance 26, 27, 44, 47)", () => {
  let house: TestHouse;
  let key: KeyObject;
  beforeAll(async () => {
    house = await openHouse();
    key = await signingKeyOf(house);
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const mint = (claims: object, header: object = { alg: "EdDSA", typ: "JWT" }, by = key): string => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const input = `${part(header)}.${part(claims)}`;
    return `${input}.${sign(null, Buffer.from(input), by).toString("base64url")}`;
  };

  test("a token minted as the server does it is valid, so that the refusals below mean something", async () => {
    const claims = claimsOf(await house.tokenOf("alice"));
    expect((await house.client().validateToken(mint(claims))).valid).toBe(true);
  });

  test.each<[string, (claims: Record<string, any>) => object, object?]>([
    ["expired", (c) => ({ ...c, exp: c["iat"] - 1 })],
    ["issued in the future", (c) => ({ ...c, iat: c["iat"] + 3600 })],
    ["of another issuer", (c) => ({ ...c, iss: "https://elsewhere.example" })],
    ["of another account", (c) => ({ ...c, sub: uuid() })],
    ["with an end that was not recorded", (c) => ({ ...c, exp: c["exp"] + 1 })],
    ["not valid yet", (c) => ({ ...c, nbf: c["iat"] + 3600 })],
    ["with a jti that was never recorded", (c) => ({ ...c, jti: uuid() })],
    ["with roles null", (c) => ({ ...c, roles: null })],
    ["with roles that are no texts", (c) => ({ ...c, roles: [1] })],
    ["with a fractional end", (c) => ({ ...c, exp: c["exp"] + 0.5 })],
    ...["iss", "sub", "roles", "jti", "iat", "exp"].map((name): [string, (c: Record<string, any>) => object] => [
      `without ${name}`,
      ({ [name]: _, ...rest }) => rest,
    ]),
    ["with crit", (c) => c, { alg: "EdDSA", typ: "JWT", crit: ["exp"], exp: 1 }],
    ["with a key id", (c) => c, { alg: "EdDSA", typ: "JWT", kid: "1" }],
    ["with its header the other way round", (c) => c, { typ: "JWT", alg: "EdDSA" }],
    ["that says alg none", (c) => c, { alg: "none", typ: "JWT" }],
    ["that says HS256", (c) => c, { alg: "HS256", typ: "JWT" }],
  ])("47: a token %s is invalid", async (_, change, header) => {
    const token = mint(change(claimsOf(await house.tokenOf("alice"))), header);
    expect((await house.raw("POST", "/v1/token/validate", { body: { token } })).text).toBe(invalid);
    expect((await house.raw("POST", "/v1/auth/logout", { token })).status).toBe(401);
  });

  test("26: expired, revoked, foreign-key and inactive-account tokens are invalid everywhere", async () => {
    await using own = await openHouse();
    const root = own.client(await own.tokenOf("root"));
    for (const name of ["sleeper", "leaver"]) await root.createAccount(name, "human", passwords.alice);
    const tokenFor = async (name: string) => (await own.client().login(name, passwords.alice)).token;
    const [revoked, sleeper, leaver, late] = [
      await own.tokenOf("alice"),
      await tokenFor("sleeper"),
      await tokenFor("leaver"),
      await own.tokenOf("otto"),
    ];
    await own.raw("POST", "/v1/auth/logout", { token: revoked });
    await root.updateAccount(await own.idOf("sleeper"), { status: "inactive" });
    await root.deleteAccount(await own.idOf("leaver"));
    const foreign = mint(claimsOf(late), undefined, generateKeyPairSync("ed25519").privateKey);
    for (const token of [revoked, sleeper, leaver, foreign]) {
      expect((await own.raw("POST", "/v1/token/validate", { body: { token } })).text).toBe(invalid);
      const refused = await own.raw("POST", "/v1/auth/renew", { token });
      expect([refused.status, refused.body]).toEqual([
        401,
        { error: "invalid or expired token", code: "unauthorized" },
      ]);
    }
    expect((await own.client().validateToken(late)).valid).toBe(true);
    own.clock.turn(30 * day);
    expect((await own.raw("POST", "/v1/token/validate", { body: { token: late } })).text).toBe(invalid);
    expect((await own.raw("POST", "/v1/auth/renew", { token: late })).status).toBe(401);
  });

  test("26: a token stays dead when its account is made active again", async () => {
    await using own = await openHouse();
    const root = own.client(await own.tokenOf("root"));
    const [token, id] = [await own.tokenOf("alice"), await own.idOf("alice")];
    await root.updateAccount(id, { status: "inactive" });
    await root.updateAccount(id, { status: "active" });
    expect((await own.client().validateToken(token)).valid).toBe(false);
  });

  test("27: anything that is no token is invalid and no error, and nothing is trimmed", async () => {
    const token = await house.tokenOf("alice");
    const respelled = [
      `${token} `,
      ` ${token}`,
      `${token}\n`,
      `Bearer ${token}`,
      `${token}=`,
      `${token}.`,
      `.${token}`,
      token.slice(0, -1),
      token.replace(".", ".."),
    ];
    const last = token.at(-1) as string;
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // The last character of a 64-byte signature has four spare bits: fifteen other spellings of the same bytes.
    const spare = [...alphabet].filter(
      (other) => other !== last && alphabet.indexOf(other) >> 4 === alphabet.indexOf(last) >> 4,
    );
    expect(spare).toHaveLength(15);
    for (const other of [
      ...respelled,
      ...spare.map((end) => token.slice(0, -1) + end),
      "",
      "a",
      "a.b.c",
      "x".repeat(9_000),
      "\u0000",
      "é.é.é",
    ]) {
      const reply = await house.raw("POST", "/v1/token/validate", { body: { token: other } });
      expect([reply.status, reply.text], other.slice(0, 20)).toEqual([200, invalid]);
    }
  });

  test("27: a malformed body is 400, since the rule that nothing is an error is for tokens", async () => {
    for (const body of ["{", "[]", '{"token":1}', '{"token":"x","more":1}', '{"token":["x"]}', '"x"']) {
      const reply = await house.raw("POST", "/v1/token/validate", { body });
      expect([reply.status, reply.body?.code], body).toEqual([400, "bad_request"]);
    }
  });

  test("44: each cell of body and bearer", async () => {
    const [body, bearer] = [await house.tokenOf("alice"), await house.tokenOf("root")];
    const roles = async (json: object | undefined, token: string | undefined) => {
      const reply = await house.raw("POST", "/v1/token/validate", {
        ...(json && { body: json }),
        ...(token && { token }),
      });
      expect(reply.status).toBe(200);
      return reply.body.valid ? reply.body.roles[0] : "invalid";
    };
    for (const [json, withBearer, without] of [
      [undefined, "admin", "invalid"],
      [{}, "admin", "invalid"],
      [{ token: null }, "admin", "invalid"],
      [{ token: body }, "user", "user"],
      [{ token: "" }, "invalid", "invalid"],
      [{ token: "nonsense" }, "invalid", "invalid"],
    ] as const) {
      expect(await roles(json, bearer), JSON.stringify(json)).toBe(withBearer);
      expect(await roles(json, undefined), JSON.stringify(json)).toBe(without);
    }
    expect(await roles(undefined, "nonsense")).toBe("invalid");
  });

  test("44: a thousand at once are all valid", { timeout: 60_000 }, async () => {
    const token = await house.tokenOf("alice");
    const answers: boolean[] = [];
    for (let round = 0; round < 10; round += 1) {
      const replies = await Promise.all(
        Array.from({ length: 100 }, () => house.raw("POST", "/v1/token/validate", { body: { token } })),
      );
      answers.push(...replies.map((reply) => reply.status === 200 && reply.body.valid === true));
    }
    expect(answers.filter(Boolean)).toHaveLength(1_000);
  });
});

describe("service tokens and revocation (conformance 28, 34, 35, 45)", () => {
  let house: TestHouse;
  let root: string;
  let ingest: string;
  beforeAll(async () => {
    house = await openHouse();
    root = await house.tokenOf("root");
    ingest = await house.idOf("ingest");
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const issue = (account_id: string) => house.raw("POST", "/v1/token/issue", { token: root, body: { account_id } });

  test("28: the public key has exactly three members, and somebody else's library verifies a token with it", async () => {
    const reply = await house.raw("GET", "/v1/keys/public");
    expect(Object.keys(reply.body)).toEqual(["kty", "crv", "x"]);
    const token = await house.tokenOf("alice");
    const key = await importJWK(reply.body as JWK, "EdDSA");
    const { payload } = await jwtVerify(token, key, { issuer: house.url, algorithms: ["EdDSA"], typ: "JWT" });
    expect(payload).toEqual(claimsOf(token));
    const other = generateKeyPairSync("ed25519").publicKey;
    await expect(jwtVerify(token, other)).rejects.toThrow("signature verification failed");
  });

  test("34: a second token revokes the first; it lives a year, also with the role admin", async () => {
    const first = await issue(ingest);
    expect(first.status).toBe(200);
    expect(claimsOf(first.body.token)["exp"] - claimsOf(first.body.token)["iat"]).toBe(8760 * 3600);
    await house.client(root).setRoles(ingest, ["admin"]);
    const second = await issue(ingest.toUpperCase());
    expect(claimsOf(second.body.token)).toMatchObject({ sub: ingest, roles: ["admin"] });
    expect(claimsOf(second.body.token)["exp"] - claimsOf(second.body.token)["iat"]).toBe(8760 * 3600);
    expect((await house.client().validateToken(first.body.token)).valid).toBe(false);
    expect((await house.raw("GET", "/v1/accounts", { token: second.body.token })).status).toBe(200);
  });

  test("34: a renewed service token is the account's one live token", async () => {
    const first = (await issue(ingest)).body.token as string;
    const renewed = await house.raw("POST", "/v1/auth/renew", { token: first });
    expect(renewed.status).toBe(200);
    const third = (await issue(ingest)).body.token as string;
    for (const dead of [first, renewed.body.token])
      expect((await house.client().validateToken(dead)).valid).toBe(false);
    expect((await house.client().validateToken(third)).valid).toBe(true);
  });

  test("34: of issues at once exactly one token is live", async () => {
    const issued = await Promise.all(Array.from({ length: 8 }, () => issue(ingest)));
    expect(issued.every((reply) => reply.status === 200)).toBe(true);
    const live = await Promise.all(issued.map((reply) => house.client().validateToken(reply.body.token)));
    expect(live.filter((answer) => answer.valid)).toHaveLength(1);
  });

  test.each<[string, () => Promise<unknown>, number, string]>([
    ["a human", () => house.idOf("alice"), 400, "bad_request"],
    ["nobody", () => Promise.resolve(uuid()), 404, "not_found"],
    ["no UUID", () => Promise.resolve("ingest"), 400, "bad_request"],
    ["a number", () => Promise.resolve(7), 400, "bad_request"],
    ["null", () => Promise.resolve(null), 400, "bad_request"],
  ])("34: a token for %s", async (_, id, status, code) => {
    const reply = await issue((await id()) as string);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });

  test("34: an inactive system account is 409, a deleted one 404", async () => {
    const client = house.client(root);
    const { id } = await client.createAccount(`svc-${uuid().slice(0, 8)}`, "system");
    await client.updateAccount(id, { status: "inactive" });
    expect((await issue(id)).body).toEqual({ error: "account is not active", code: "conflict" });
    await client.deleteAccount(id);
    expect((await issue(id)).status).toBe(404);
  });

  test("35: revocation by jti is 204, also again; unknown is 404; the token is dead at once", async () => {
    const token = await house.tokenOf("alice");
    const jti = claimsOf(token)["jti"] as string;
    const revoke = (id: string) => house.raw("DELETE", `/v1/token/${id}`, { token: root });
    expect((await revoke(jti.toUpperCase())).status).toBe(204);
    expect((await house.client().validateToken(token)).valid).toBe(false);
    expect((await revoke(jti)).status).toBe(204);
    expect((await revoke(uuid())).status).toBe(404);
    expect((await revoke("not-a-uuid")).status).toBe(404);
  });
});

describe("rates of lifetimes", () => {
  test("lifetimes can be configured, and the wire says so", async () => {
    await using house = await openHouse(
      usualHouse({ lifetimes: { humanSeconds: 60, administratorSeconds: 30, systemSeconds: 90 } }),
    );
    const claims = claimsOf(await house.tokenOf("alice"));
    expect(claims["exp"] - claims["iat"]).toBe(60);
  });
});
