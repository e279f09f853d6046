import { sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@cardea/authority";
import type { AnyOperation } from "@cardea/core";
import { MciasClient } from "@cardea/mcias";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimsOf, openHouse, passwords, usualHouse, type TestHouse } from "../mcias/house.js";
import { signingKeyOf } from "../mcias/keys.js";
import { agent, callOn, operations } from "./routes.js";

let house: TestHouse;
let root: string;
beforeAll(async () => {
  house = await openHouse({ ...usualHouse(), guesses: { limit: 1000 } });
  root = await house.tokenOf("root");
});
afterAll(() => house[Symbol.asyncDispose]());

function validate(token: string) {
  return house.raw("POST", "/v1/token/validate", { agent, body: { token } });
}

function operation(name: string): readonly [string, AnyOperation] {
  const found = operations.find(([other]) => other === name);
  if (found === undefined) throw new Error(`there is no operation ${name}`);
  return found;
}

describe("row 23:", () => {
  test("no beginning of a token is one, nor is a token with a changed character", async () => {
    const token = await house.tokenOf("alice");
    expect((await validate(token)).body.valid).toBe(true);
    const spellings: string[] = [];
    for (let at = 0; at < token.length; at += 1) {
      spellings.push(token.slice(0, at));
      const other = String.fromCharCode(token.charCodeAt(at) ^ (1 << (at % 7)));
      spellings.push(token.slice(0, at) + other + token.slice(at + 1));
    }
    const replies = await Promise.all(spellings.map(validate));
    replies.forEach((reply, at) => expect([reply.status, reply.text], spellings[at]).toEqual([200, '{"valid":false}']));
  });
});

describe("A3.7, types before values:", () => {
  test.each(["iss", "sub", "jti"])("a signed token whose %s is a list of the right one is invalid", async (claim) => {
    const claims = claimsOf(await house.tokenOf("alice"));
    const mint = (made: object) => {
      const encoded = [{ alg: "EdDSA", typ: "JWT" }, made].map((part) =>
        Buffer.from(JSON.stringify(part)).toString("base64url"),
      );
      return `${encoded.join(".")}.${sign(null, Buffer.from(encoded.join(".")), key).toString("base64url")}`;
    };
    const key = await signingKeyOf(house);
    expect((await validate(mint(claims))).body.valid, "as it was").toBe(true);
    expect((await validate(mint({ ...claims, [claim]: [claims[claim]] }))).text).toBe('{"valid":false}');
  });
});

/** Every way in which a token may end. Returns the one that is dead then. */
const ends: Record<string, (token: string) => Promise<unknown>> = {
  "by its owner": (token) => callOn(house, operation("logout"), "", { token }),
  "by an administrator": (token) =>
    callOn(house, operation("revokeToken"), "", { token: root, jti: claimsOf(token)["jti"] as string }),
  "by renewal": (token) => callOn(house, operation("renewToken"), "", { token }),
  "by a newer one of the same service": async () =>
    callOn(house, operation("issueServiceToken"), await house.idOf("ingest"), { token: root }),
};

describe.each(Object.entries(ends))("rows 25, 33, 37: a token that was ended %s", (how, end) => {
  test("is dead for every reader, and stays so", async () => {
    const ingest = await house.idOf("ingest");
    const issued = await callOn(house, operation("issueServiceToken"), ingest, { token: root });
    const token = how.includes("service") ? (issued.body.token as string) : await house.tokenOf("alice");
    // Seen before: what a reader remembers must not outlive the token.
    expect((await validate(token)).body.valid).toBe(true);
    const self = await callOn(house, operation("getPgCreds"), claimsOf(token)["sub"] as string, { token });
    expect(self.status, "through the gate, where there is nothing").toBe(404);

    await end(token);
    for (const again of [1, 2]) {
      expect((await validate(token)).body.valid, `${again}`).toBe(false);
      expect((await house.raw("POST", "/v1/token/validate", { token })).body.valid).toBe(false);
      for (const one of operations.filter(([, { caller }]) => !["anyone", "bearer_if_any"].includes(caller))) {
        expect((await callOn(house, one, ingest, { token })).status, one[0]).toBe(401);
      }
    }
  });
});

describe("row 6:", () => {
  test("what was ended before a restart stays so, and what was not lives on", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "cardea-restart-"));
    const start = () => startAuthority({ dataFolder, house: usualHouse(), port: 0 });
    try {
      let authority = await start();
      const client = (token?: string) =>
        new MciasClient({
          serverUrl: authority.urls["mcias"] ?? "",
          caCertPath: authority.caCert ?? "",
          ...(token !== undefined && { token }),
        });
      const { token: ended } = await client().login("alice", passwords.alice);
      const { token: living } = await client().login("alice", passwords.alice);
      await client(ended).logout();
      await authority.close();
      authority = await start();
      try {
        expect((await client().validateToken(ended)).valid).toBe(false);
        await expect(client(ended).renewToken()).rejects.toMatchObject({ status: 401 });
        await client(living).logout();
      } finally {
        await authority.close();
      }
    } finally {
      await rm(dataFolder, { recursive: true, force: true });
    }
  });
});

describe("row 81:", () => {
  const garbage = [
    "",
    " ",
    ",",
    ";",
    "=",
    '"',
    "'",
    "{}",
    "null",
    "Bearer",
    "Bearer ",
    "bearer\t",
    "Bearer x",
    "Bearer a.b.c",
    "Bearer ..",
    "Basic ====",
    "Digest x",
    `Bearer ${"x".repeat(9_000)}`,
    "Bearer \xff\xfe",
    "Bearer %00",
    "Bearer %",
    "%",
    "-1",
    "1e99",
    "NaN",
    "application/json;;;;",
    "a/b/c",
    "*/*",
    "$(id)",
    "../../etc/passwd",
    "<script>",
    "\x80\x81",
    "__proto__",
    "constructor",
  ];
  /** Without those that frame a message: they are tried in raw bytes by the tests of the door. */
  const names = [
    "authorization",
    "cookie",
    "content-type",
    "accept",
    "accept-encoding",
    "accept-language",
    "origin",
    "referer",
    "user-agent",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-request-id",
    "x-real-ip",
    "via",
    "dpop",
    "if-none-match",
    "range",
    "te",
    "x-http-method-override",
    "proxy-authorization",
  ];

  test.each(names)("garbage in the header %s opens nothing and breaks nothing", async (name) => {
    for (const value of garbage) {
      const reply = await house.raw("GET", "/v1/accounts", { agent, headers: { [name]: value } });
      expect([400, 401], `${JSON.stringify(value)}: ${reply.status}`).toContain(reply.status);
    }
    for (const value of garbage.filter((_, at) => at % 4 === 0)) {
      const body = { token: "a.b.c" };
      const reply = await house.raw("POST", "/v1/token/validate", { agent, body, headers: { [name]: value } });
      expect([200, 400, 401, 415], `${JSON.stringify(value)}: ${reply.status}`).toContain(reply.status);
      if (reply.status === 200) expect(reply.text).toBe('{"valid":false}');
    }
  });
});

describe("row 82:", () => {
  test("failures of many requests at once do not mix", async () => {
    const alice = await house.tokenOf("alice");
    const kinds: (() => Promise<{ status: number; text: string }>)[] = [
      () => house.raw("GET", "/v1/accounts", { agent }),
      () => house.raw("GET", "/v1/accounts", { agent, token: "nonsense" }),
      () => house.raw("GET", "/v1/accounts", { agent, token: alice }),
      () => house.raw("GET", "/v1/nowhere", { agent }),
      () => house.raw("PUT", "/v1/health", { agent }),
      () =>
        house.raw("POST", "/v1/accounts", { agent, token: root, body: { username: "alice", account_type: "system" } }),
      () => house.raw("POST", "/v1/accounts", { agent, token: root, body: { username: "/", account_type: "system" } }),
      () => house.raw("POST", "/v1/accounts", { agent, token: root, body: { username: "b", account_type: "human" } }),
      () => house.raw("POST", "/v1/accounts", { agent, token: root, body: { surplus: 1 } }),
      () => house.raw("POST", "/v1/auth/login", { agent, body: "{" }),
      () => house.raw("POST", "/v1/auth/login", { agent, body: "[]", headers: { "content-type": "text/plain" } }),
      () => house.raw("POST", "/v1/auth/login", { agent, body: { username: "nobody", password: "x" } }),
      () => house.raw("POST", "/v1/auth/login", { agent, body: { username: "otto", password: passwords.otto } }),
    ];
    const alone: string[] = [];
    for (const kind of kinds) alone.push(await kind().then(({ status, text }) => `${status} ${text}`));
    expect(new Set(alone).size).toBe(kinds.length);
    for (let round = 0; round < 3; round += 1) {
      const together = await Promise.all(kinds.map((kind) => kind().then(({ status, text }) => `${status} ${text}`)));
      expect(together).toEqual(alone);
    }
  });
});

describe("row 74:", () => {
  test("nothing that is stored in secret is in any reply or in the audit log", async () => {
    const secrets = [...Object.values(passwords), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "planted database secret"];
    const ingest = await house.idOf("ingest");
    const creds = { host: "h", port: 1, database: "d", username: "u", password: "planted database secret" };
    await callOn(house, operation("setPgCreds"), ingest, { token: root, body: creds });
    for (const table of ["passwords", "factors", "signing_keys", "data_keys", "database_credentials"] as const) {
      for (const row of await house.storage.read.selectFrom(table).selectAll().execute()) {
        for (const [column, value] of Object.entries(row)) {
          if (column === "phc") secrets.push(String(value), String(value).split("$").at(-1) ?? "");
          if (value instanceof Uint8Array)
            secrets.push(...(["hex", "base64", "base64url"] as const).map((form) => Buffer.from(value).toString(form)));
        }
      }
    }
    const texts: string[] = [];
    for (const one of operations.filter(([name]) => name !== "getPgCreds" && name !== "logout")) {
      for (const id of [ingest, await house.idOf("otto")]) {
        for (const token of [undefined, root]) {
          const body = one[0] === "login" ? { username: "otto", password: passwords.otto } : undefined;
          const more = { jti: "00000000-0000-4000-8000-000000000000", ...(token && { token }), ...(body && { body }) };
          // The administrator stays one, and everybody stays active.
          if (["renewToken", "updateAccount", "deleteAccount", "setRoles", "setPgCreds"].includes(one[0]) && token)
            continue;
          const reply = await callOn(house, one, id, more);
          texts.push(reply.text, JSON.stringify(reply.headers));
        }
      }
    }
    texts.push(JSON.stringify(await house.storage.read.selectFrom("audit_events").selectAll().execute()));
    expect(secrets.length).toBeGreaterThan(15);
    for (const secret of secrets)
      expect(
        texts.some((text) => text.includes(secret)),
        secret.slice(0, 12),
      ).toBe(false);
  });
});
