import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { manualClock, Secret } from "@cardea/core";
import { describe, expect, test } from "vitest";
import { MciasClient } from "./client.js";
import {
  MciasAuthError,
  MciasDecodeError,
  MciasError,
  MciasInputError,
  MciasServerError,
  MciasTransportError,
} from "./errors.js";
import type { CallOptions, MciasClientOptions, MciasTraceEvent } from "./options.js";

const fixture = (file: string) => readFileSync(new URL(`../testdata/${file}`, import.meta.url), "utf8");
const fixed = <T extends object = Record<string, string>>(file: string) => JSON.parse(fixture(file)) as T;

const json = (body: unknown, status = 200) => Response.json(body, { status });
const file = (name: string, status = 200) => json(fixed(name), status);
const nothing = () => new Response(null, { status: 204 });
const refusal = (status: number, code = "some_code") => json({ error: "no", code }, status);
const token = (text: string) => json({ token: text, expires_at: "2026-04-10T09:00:00Z" });

interface Sent {
  readonly route: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

/** A client in front of a handler, and what it sent. */
function clientOf(answer: (sent: Sent) => Response | Promise<Response>, options: Partial<MciasClientOptions> = {}) {
  const sent: Sent[] = [];
  const client = new MciasClient({
    serverUrl: "https://mcias.test/base/",
    ...options,
    fetch: async (request) => {
      const text = await request.text();
      const one = {
        route: `${request.method} ${request.url.replace("https://mcias.test/base", "")}`,
        authorization: request.headers.get("authorization"),
        body: text === "" ? undefined : (JSON.parse(text) as unknown),
      };
      sent.push(one);
      return answer(one);
    },
  });
  return { client, sent };
}

/** A promise that is settled from outside. */
function latch<T>() {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { open, opened };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

const alice = "550e8400-e29b-41d4-a716-446655440000";
const ingest = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
const alicesToken = fixed("login.json")["token"]!;
const login = {
  token: alicesToken,
  expiresAt: new Date("2026-04-10T09:00:00Z"),
  expiresAtRaw: "2026-04-10T09:00:00Z",
};
const account = {
  id: alice,
  username: "alice",
  accountType: "human",
  status: "active",
  createdAt: new Date("2026-03-11T09:00:00Z"),
  updatedAt: new Date("2026-03-11T09:00:00Z"),
  totpEnabled: false,
};
const validation = {
  valid: true,
  sub: alice,
  roles: ["user"],
  expiresAt: login.expiresAt,
  expiresAtRaw: login.expiresAtRaw,
};

interface Row {
  readonly it: string;
  readonly does: (client: MciasClient, options?: CallOptions) => Promise<unknown>;
  readonly sends: string;
  readonly body?: unknown;
  readonly open?: true;
  readonly answer: () => Response;
  readonly gives?: unknown;
}

const rows: readonly Row[] = [
  {
    it: "login",
    does: (client, options) => client.login("alice", "correct horse battery", undefined, options),
    sends: "POST /v1/auth/login",
    body: fixed("request_login.json"),
    open: true,
    answer: () => file("login.json"),
    gives: login,
  },
  { it: "logout", does: (client, options) => client.logout(options), sends: "POST /v1/auth/logout", answer: nothing },
  {
    it: "renewToken",
    does: (client, options) => client.renewToken(options),
    sends: "POST /v1/auth/renew",
    answer: () => file("renew.json"),
    gives: {
      token: fixed("renew.json")["token"],
      expiresAt: new Date("2026-04-10T10:00:00Z"),
      expiresAtRaw: "2026-04-10T10:00:00Z",
    },
  },
  {
    it: "validateToken of a valid one",
    does: (client, options) => client.validateToken(alicesToken, options),
    sends: "POST /v1/token/validate",
    body: fixed("request_validate_token.json"),
    open: true,
    answer: () => file("validate_valid.json"),
    gives: validation,
  },
  {
    it: "validateToken of an invalid one",
    does: (client, options) => client.validateToken(Secret.of("x.y.z"), options),
    sends: "POST /v1/token/validate",
    body: { token: "x.y.z" },
    open: true,
    answer: () => file("validate_invalid.json"),
    gives: { valid: false },
  },
  {
    it: "validateToken at a server that tells the username",
    does: (client, options) => client.validateToken(alicesToken, options),
    sends: "POST /v1/token/validate",
    body: fixed("request_validate_token.json"),
    open: true,
    answer: () => file("validate_valid_extended.json"),
    gives: { ...validation, username: "alice" },
  },
  {
    it: "getPublicKey, without what it may say besides",
    does: (client, options) => client.getPublicKey(options),
    sends: "GET /v1/keys/public",
    open: true,
    answer: () => json({ ...fixed("public_key.json"), use: "sig", alg: "EdDSA", kid: "1" }),
    gives: fixed("public_key.json"),
  },
  {
    it: "health",
    does: (client, options) => client.health(options),
    sends: "GET /v1/health",
    open: true,
    answer: () => file("health.json"),
  },
  {
    it: "createAccount of a human",
    does: (client, options) => client.createAccount("bob", "human", "another long passphrase", options),
    sends: "POST /v1/accounts",
    body: fixed("request_create_account_human.json"),
    answer: () => file("account_human.json", 201),
    gives: account,
  },
  {
    it: "createAccount of a system account",
    does: (client, options) => client.createAccount("ingest", "system", undefined, options),
    sends: "POST /v1/accounts",
    body: fixed("request_create_account_system.json"),
    answer: () => file("account_system.json", 201),
    gives: { ...account, id: ingest, username: "ingest", accountType: "system" },
  },
  {
    it: "listAccounts",
    does: (client, options) => client.listAccounts(options),
    sends: "GET /v1/accounts",
    answer: () => file("accounts.json"),
    gives: [account, { ...account, id: ingest, username: "ingest", accountType: "system" }],
  },
  {
    it: "getAccount",
    does: (client, options) => client.getAccount(alice, options),
    sends: `GET /v1/accounts/${alice}`,
    answer: () => file("account_human.json"),
    gives: account,
  },
  {
    it: "updateAccount",
    does: (client, options) => client.updateAccount(alice, { status: "inactive" }, options),
    sends: `PATCH /v1/accounts/${alice}`,
    body: fixed("request_update_account.json"),
    answer: () => file("account_inactive.json"),
    gives: { ...account, status: "inactive", updatedAt: new Date("2026-03-11T10:00:00Z"), totpEnabled: true },
  },
  {
    it: "updateAccount without a change",
    does: (client, options) => client.updateAccount(alice, {}, options),
    sends: `PATCH /v1/accounts/${alice}`,
    body: {},
    answer: () => file("account_human.json"),
    gives: account,
  },
  {
    it: "deleteAccount",
    does: (client, options) => client.deleteAccount(alice, options),
    sends: `DELETE /v1/accounts/${alice}`,
    answer: nothing,
  },
  {
    it: "getRoles",
    does: (client, options) => client.getRoles(alice, options),
    sends: `GET /v1/accounts/${alice}/roles`,
    answer: () => file("roles.json"),
    gives: ["editor", "user"],
  },
  {
    it: "setRoles",
    does: (client, options) => client.setRoles(alice, ["user", "editor"], options),
    sends: `PUT /v1/accounts/${alice}/roles`,
    body: fixed("request_set_roles.json"),
    answer: nothing,
  },
  {
    it: "issueServiceToken",
    does: (client, options) => client.issueServiceToken(ingest, options),
    sends: "POST /v1/token/issue",
    body: fixed("request_issue_service_token.json"),
    answer: () => file("issue_service_token.json"),
    gives: {
      token: fixed("issue_service_token.json")["token"],
      expiresAt: new Date("2027-03-11T09:00:00Z"),
      expiresAtRaw: "2027-03-11T09:00:00Z",
    },
  },
  {
    it: "revokeToken, whatever stands in the id",
    does: (client, options) => client.revokeToken("a/../b?c", options),
    sends: "DELETE /v1/token/a%2F..%2Fb%3Fc",
    answer: nothing,
  },
  {
    it: "getPgCreds",
    does: (client, options) => client.getPgCreds(ingest, options),
    sends: `GET /v1/accounts/${ingest}/pgcreds`,
    answer: () => file("pg_creds.json"),
    gives: fixed("pg_creds.json"),
  },
  {
    it: "setPgCreds, in the order of the seed",
    does: (client, options) =>
      client.setPgCreds(
        ingest,
        "db.example.com",
        5432,
        "ingest",
        "ingest_rw",
        Secret.of("fixture-only-secret"),
        options,
      ),
    sends: `PUT /v1/accounts/${ingest}/pgcreds`,
    body: fixed("request_set_pg_creds.json"),
    answer: nothing,
  },
];

describe.each(rows)("$it", ({ does, sends, body, open, answer, gives }) => {
  test("sends what the wire says and gives what the seed says", async () => {
    const { client, sent } = clientOf(answer, { token: "held-token" });
    expect(await does(client)).toEqual(gives);
    expect(sent).toEqual([{ route: sends, authorization: open === true ? null : "Bearer held-token", body }]);
  });

  test("makes no request where the caller has given up already", async () => {
    const { client, sent } = clientOf(answer, { token: "held-token" });
    const error = await does(client, { signal: AbortSignal.abort("planted") }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MciasTransportError);
    expect(error).toMatchObject({ code: "aborted", status: 0 });
    expect(inspect(error)).not.toContain("planted");
    expect(sent).toEqual([]);
  });
});

test.each(rows.filter(({ it, open }) => open !== true && it !== "logout"))(
  "$it makes no request without a token",
  async ({ does, answer }) => {
    const { client, sent } = clientOf(answer);
    const error = await does(client).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MciasAuthError);
    expect(error).toMatchObject({ status: 401, code: "unauthorized" });
    expect(sent).toEqual([]);
  },
);

describe("login", () => {
  test("sends code, service and tags where they are set", async () => {
    const { client, sent } = clientOf(() => file("login.json"), { serviceName: "mcq", tags: ["env:restricted"] });
    await client.login("alice", Secret.of("correct horse battery"), "287082");
    expect(sent[0]?.body).toEqual(fixed("request_login_full.json"));
  });

  test("leaves them out where they are empty", async () => {
    const { client, sent } = clientOf(() => file("login.json"), { serviceName: "", tags: [] });
    await client.login("alice", "correct horse battery", "");
    expect(sent[0]?.body).toEqual(fixed("request_login.json"));
  });

  test("stores the token, which the next call carries", async () => {
    const { client, sent } = clientOf(({ route }) => (route.endsWith("login") ? token("fresh") : json([])));
    expect(client.token).toBeUndefined();
    await client.login("alice", "pw");
    expect(client.token).toBe("fresh");
    await client.listAccounts();
    expect(sent[1]?.authorization).toBe("Bearer fresh");
  });

  test("keeps the token that was held where it fails, and the code of a missing second factor", async () => {
    const { client } = clientOf(() => file("error_totp_required.json", 401), { token: "before" });
    const error = await client.login("alice", "pw").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MciasAuthError);
    expect(error).toMatchObject({ code: "totp_required", status: 401, message: "TOTP code required" });
    expect(client.token).toBe("before");
  });
});

describe("logout", () => {
  test.each([
    ["204", () => nothing(), undefined],
    ["200", () => json({}), undefined],
    ["401", () => refusal(401), undefined],
    ["500", () => refusal(500), MciasServerError],
    ["429", () => refusal(429), MciasError],
    ["a dropped connection", () => Promise.reject(new TypeError("fetch failed")), MciasTransportError],
  ])("on %s forgets the token only where it is dead", async (_, answer, error) => {
    const { client } = clientOf(answer, { token: "held" });
    if (error === undefined) await client.logout();
    else await expect(client.logout()).rejects.toBeInstanceOf(error);
    expect(client.token).toBe(error === undefined ? undefined : "held");
  });

  test("makes no request without a token, as after the first", async () => {
    const { client, sent } = clientOf(nothing, { token: "held" });
    await client.logout();
    await client.logout();
    expect(sent).toHaveLength(1);
  });

  test("happens at the end of `await using`, and what comes of it is swallowed", async () => {
    const { client, sent } = clientOf(() => refusal(500), { token: "held" });
    {
      await using used = client;
      expect(used.token).toBe("held");
    }
    expect(sent.map(({ route }) => route)).toEqual(["POST /v1/auth/logout"]);
  });
});

describe("the token that is held", () => {
  test("is the one of the constructor at first, also as a secret", () => {
    expect(clientOf(nothing, { token: "plain" }).client.token).toBe("plain");
    expect(clientOf(nothing, { token: Secret.of("hidden") }).client.token).toBe("hidden");
  });

  test("is replaced by a renewal, and kept where the renewal fails", async () => {
    const answers = [token("second"), refusal(401), refusal(500)];
    const { client } = clientOf(() => answers.shift()!, { token: "first" });
    await client.renewToken();
    expect(client.token).toBe("second");
    await expect(client.renewToken()).rejects.toBeInstanceOf(MciasAuthError);
    await expect(client.renewToken()).rejects.toBeInstanceOf(MciasServerError);
    expect(client.token).toBe("second");
  });

  test("is left alone by every other call, also by a 401", async () => {
    const { client } = clientOf(
      ({ route }) =>
        route.endsWith("issue")
          ? file("issue_service_token.json")
          : route.endsWith("validate")
            ? file("validate_invalid.json")
            : refusal(401),
      { token: "held" },
    );
    await client.issueServiceToken(ingest);
    await client.validateToken("another");
    await expect(client.listAccounts()).rejects.toBeInstanceOf(MciasAuthError);
    expect(client.token).toBe("held");
  });

  test("is renewed once for ten who ask at the same time, and again for the next", async () => {
    let made = 0;
    const { client, sent } = clientOf(() => token(`t${(made += 1)}`), { token: "t0" });
    const results = await Promise.all(Array.from({ length: 10 }, () => client.renewToken()));
    expect(new Set(results.map((result) => result.token))).toEqual(new Set(["t1"]));
    expect(sent).toHaveLength(1);
    await client.renewToken();
    expect(sent.map(({ authorization }) => authorization)).toEqual(["Bearer t0", "Bearer t1"]);
  });

  test("is that of a login which came during a slow renewal", async () => {
    const renewal = latch<Response>();
    const { client, sent } = clientOf(({ route }) => (route.endsWith("renew") ? renewal.opened : token("of-login")), {
      token: "old",
    });
    const slow = client.renewToken();
    const login = client.login("alice", "pw");
    await settled();
    expect(sent.map(({ route }) => route)).toEqual(["POST /v1/auth/renew"]);
    renewal.open(token("of-renewal"));
    expect((await slow).token).toBe("of-renewal");
    await login;
    expect(client.token).toBe("of-login");
  });

  test("changes for no request that is under way", async () => {
    const first = latch<Response>();
    const { client, sent } = clientOf(({ route }) => (route.endsWith("login") ? token("new") : first.opened), {
      token: "old",
    });
    const listing = client.listAccounts();
    await client.login("alice", "pw");
    first.open(json([]));
    await listing;
    expect(sent[0]?.authorization).toBe("Bearer old");
  });

  test("is renewed for the others where one of them stops waiting", async () => {
    const renewal = latch<Response>();
    const { client, sent } = clientOf(() => renewal.opened, { token: "old" });
    const impatient = new AbortController();
    const waits = [client.renewToken({ signal: impatient.signal }), client.renewToken()];
    impatient.abort(new Error("planted reason"));
    const error = await waits[0]?.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "MciasTransportError", code: "aborted" });
    expect(inspect(error)).not.toContain("planted");
    renewal.open(token("new"));
    expect((await waits[1])?.token).toBe("new");
    expect(sent).toHaveLength(1);
  });

  test("is not waited for by a caller who gives up before its turn, and whose request is then never made", async () => {
    const renewal = latch<Response>();
    const { client, sent } = clientOf(() => renewal.opened, { token: "old" });
    const slow = client.renewToken();
    const impatient = new AbortController();
    const login = client.login("alice", "pw", undefined, { signal: impatient.signal });
    impatient.abort();
    await expect(login).rejects.toMatchObject({ code: "aborted" });
    renewal.open(token("new"));
    await slow;
    await settled();
    expect(sent.map(({ route }) => route)).toEqual(["POST /v1/auth/renew"]);
  });

  test.each(["line\nbreak", "blank inside", "", "gr\u00fcn", "Bearer x", "nul\0"])(
    "is refused with a TypeError before the request where it cannot be one: %j",
    async (bad) => {
      const { client, sent } = clientOf(nothing, { token: bad });
      const error = await client.listAccounts().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TypeError);
      if (bad !== "") expect(inspect(error)).not.toContain(bad);
      expect(sent).toEqual([]);
    },
  );
});

describe("validateToken", () => {
  test("hands the token over as the bearer where that is asked for, and never the held one", async () => {
    const { client, sent } = clientOf(() => file("validate_invalid.json"), { token: "held", validateVia: "bearer" });
    expect(await client.validateToken("asked")).toEqual({ valid: false });
    expect(sent).toEqual([{ route: "POST /v1/token/validate", authorization: "Bearer asked", body: undefined }]);
  });

  test.each(["", "a b", "line\nbreak", "\ud800", "Bearer x", "x".repeat(8193)])(
    "knows without asking that this is none: %j",
    async (text) => {
      for (const validateVia of ["body", "bearer"] as const) {
        const { client, sent } = clientOf(() => refusal(400), { validateVia });
        expect(await client.validateToken(text)).toEqual({ valid: false });
        expect(sent).toEqual([]);
      }
    },
  );

  test("rejects where the server cannot tell", async () => {
    const { client } = clientOf(() => refusal(429));
    await expect(client.validateToken("x")).rejects.toMatchObject({ status: 429 });
  });

  test("gives no roles where a server writes none", async () => {
    const { client } = clientOf(() => json({ ...fixed("validate_valid.json"), roles: null }));
    expect(await client.validateToken("x")).toMatchObject({ valid: true, roles: [] });
  });
});

describe("health", () => {
  const dropped = () => Promise.reject(new TypeError("fetch failed"));
  test.each([
    ["ok", () => file("health.json")],
    ["sealed", () => file("health_sealed.json")],
    ["404: whoever answers is up", () => refusal(404)],
  ])("resolves on %s", async (_, answer) => {
    await expect(clientOf(answer).client.health()).resolves.toBeUndefined();
  });
  test.each([
    ["500", () => refusal(500), MciasServerError],
    ["503 of a sealed server", () => file("error_sealed.json", 503), MciasServerError],
    ["a redirect", () => new Response(null, { status: 302 }), MciasTransportError],
    ["what is no answer of this wire", () => new Response("<html>"), MciasDecodeError],
    ["a dropped connection", dropped, MciasTransportError],
  ])("rejects on %s", async (_, answer, error) => {
    await expect(clientOf(answer).client.health()).rejects.toBeInstanceOf(error);
  });
});

describe("after a dropped connection", () => {
  const refused = () => Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } });
  /** A clock whose waits are over at once. */
  const clock = { ...manualClock(0), after: (ms: number, wake: () => void) => (ms < 1000 && wake(), () => undefined) };

  test.each([
    ["health", (client: MciasClient) => client.health(), () => file("health.json"), 2],
    ["getPublicKey", (client: MciasClient) => client.getPublicKey(), () => file("public_key.json"), 2],
    ["listAccounts", (client: MciasClient) => client.listAccounts(), () => json([]), 2],
    ["renewToken", (client: MciasClient) => client.renewToken(), () => token("x"), 1],
    ["validateToken", (client: MciasClient) => client.validateToken("x"), () => json({ valid: false }), 1],
    ["deleteAccount", (client: MciasClient) => client.deleteAccount(alice), nothing, 1],
    ["setRoles", (client: MciasClient) => client.setRoles(alice, []), nothing, 1],
  ])("%s is tried again only where it has no effect, and once", async (_, does, answer, tries) => {
    let drops = 1;
    const { client, sent } = clientOf(() => (drops-- > 0 ? Promise.reject(refused()) : answer()), {
      token: "t",
      clock,
    });
    const outcome = await does(client).then(
      () => "done",
      (error: unknown) => error,
    );
    expect(sent).toHaveLength(tries);
    if (tries === 2) expect(outcome).toBe("done");
    else expect(outcome).toBeInstanceOf(MciasTransportError);

    const lost = clientOf(() => Promise.reject(refused()), { token: "t", clock });
    await expect(does(lost.client)).rejects.toBeInstanceOf(MciasTransportError);
    expect(lost.sent).toHaveLength(tries);
  });

  test("nothing is tried again after an answer", async () => {
    const { client, sent } = clientOf(() => refusal(503), { token: "t", clock });
    await expect(client.listAccounts()).rejects.toMatchObject({ status: 503 });
    expect(sent).toHaveLength(1);
  });
});

describe("an error of the server", () => {
  test.each<[string, number, string, string]>([
    ["is not JSON", 502, "<html>Bad Gateway</html>", "internal_error"],
    ["is empty", 403, "", "forbidden"],
    ["is JSON and no object", 404, "[]", "not_found"],
    ["names no code", 409, '{"error":"no code here"}', "conflict"],
    ["has members of the wrong type", 401, '{"error":1,"code":{}}', "unauthorized"],
    ["is far too long", 500, `{"error":"${"x".repeat(100_000)}","code":"other"}`, "internal_error"],
  ])("keeps its status where its body %s", async (_, status, body, code) => {
    const { client } = clientOf(() => new Response(body, { status }), { token: "held" });
    await expect(client.listAccounts()).rejects.toMatchObject({ status, code });
  });

  test("tells how long to wait, where the server does", async () => {
    const { client } = clientOf(() => new Response(null, { status: 429, headers: { "retry-after": "3" } }));
    const error = await client.login("alice", "pw").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "MciasError", code: "rate_limited", retryAfterSeconds: 3, retryable: true });
  });
});

describe("options", () => {
  test("a call ends after timeoutMs of the clock", async () => {
    const clock = manualClock(0);
    const { client } = clientOf(() => new Promise(() => undefined), { clock, timeoutMs: 5_000, token: "t" });
    const call = client.listAccounts();
    await settled();
    clock.advance(5_000);
    await expect(call).rejects.toMatchObject({ name: "MciasTransportError", code: "timeout", status: 0 });
  });

  test("a call ends after thirty seconds where nothing is said", async () => {
    const clock = manualClock(0);
    const { client } = clientOf(() => new Promise(() => undefined), { clock, token: "t" });
    let ended = false;
    const call = client.listAccounts().catch(() => (ended = true));
    await settled();
    clock.advance(29_999);
    await settled();
    expect(ended).toBe(false);
    clock.advance(1);
    await call;
    expect(ended).toBe(true);
  });

  test("lenient decoding leaves out what it does not know; strict, the default, names it and not its value", async () => {
    const answer = () => json({ ...fixed("login.json"), refresh: "planted" });
    await expect(clientOf(answer, { decoding: "lenient" }).client.login("a", "b")).resolves.toEqual(login);
    const error = await clientOf(answer)
      .client.login("a", "b")
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MciasDecodeError);
    expect(error).toMatchObject({ status: 200, code: "unexpected_reply", path: "refresh", expected: "no such member" });
    expect(inspect(error)).not.toContain("planted");
  });

  test("paths move an operation", async () => {
    const { client, sent } = clientOf(nothing, { token: "t", paths: { revokeToken: "POST /v2/revoke/{jti}" } });
    await client.revokeToken("some-jti");
    expect(sent[0]?.route).toBe("POST /v2/revoke/some-jti");
  });

  test("trace hears method, template, status and duration of each request, and nothing else", async () => {
    const events: MciasTraceEvent[] = [];
    const clock = manualClock(0);
    const answer = () => {
      clock.advance(7);
      return nothing();
    };
    const { client } = clientOf(answer, { token: "t", clock, trace: (event) => void events.push(event) });
    await client.revokeToken("some-jti");
    expect(events).toEqual([{ method: "DELETE", path: "/v1/token/{jti}", status: 204, durationMs: 7 }]);
  });

  test("trace has status 0 where no answer came, and may throw", async () => {
    const statuses: number[] = [];
    const trace = ({ status }: MciasTraceEvent) => {
      statuses.push(status);
      throw new Error("a broken log");
    };
    const { client } = clientOf(() => Promise.reject(new TypeError("fetch failed")), { token: "t", trace });
    await expect(client.deleteAccount(alice)).rejects.toBeInstanceOf(MciasTransportError);
    expect(statuses).toEqual([0]);
  });

  test.each([
    [{ serverUrl: "http://mcias.test" }, MciasInputError],
    [{ serverUrl: "http://localhost:8080" }, MciasInputError],
    [{ serverUrl: "https://user:secret@mcias.test" }, MciasInputError],
    [{ serverUrl: "mcias.test" }, MciasInputError],
    [{ caCert: "-----BEGIN CERTIFICATE-----" }, MciasInputError],
    [{ decoding: "loose" }, TypeError],
    [{ validateVia: "header" }, TypeError],
    [{ paths: { nothing: "GET /x" } }, TypeError],
  ])("%j cannot make a client", (options, error) => {
    expect(() => clientOf(nothing, options as object)).toThrow(error);
  });

  test("an id that would name another resource is refused before the request", async () => {
    const { client, sent } = clientOf(nothing, { token: "t" });
    for (const id of ["", ".", ".."]) {
      const error = await client.deleteAccount(id).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MciasInputError);
      expect(error).toMatchObject({ status: 400, code: "invalid_input" });
    }
    expect(sent).toEqual([]);
  });

  test("no redirect is followed, whether or not it says where to", async () => {
    for (const headers of [{}, { location: "https://elsewhere.test/" }]) {
      const { client, sent } = clientOf(() => new Response(null, { status: 302, headers }), { token: "t" });
      await expect(client.listAccounts()).rejects.toMatchObject({
        name: "MciasTransportError",
        code: "redirected",
        status: 0,
      });
      expect(sent).toHaveLength(1);
    }
  });

  test("an answer of 5 MiB is not read to its end", async () => {
    const { client } = clientOf(() => json("x".repeat(5 * 1024 * 1024)));
    await expect(client.login("a", "b")).rejects.toMatchObject({ name: "MciasDecodeError", status: 200 });
  });
});
