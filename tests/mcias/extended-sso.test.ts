import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MciasAuthError, MciasConflictError, MciasNotFoundError, type MciasClient } from "@cardea/mcias";
import { extendedClient, type ExtendedClient } from "@cardea/mcias/extended";
import { claimsOf, minute, openHouse, passwords, usualHouse, uuid, type RawReply, type TestHouse } from "./house.js";

let house: TestHouse;
let root: MciasClient;
let admin: ExtendedClient;
let origin: string;
const password = "a first long passphrase";
const app = { clientId: "payroll", redirectUri: "https://app.example.com/back?from=cardea" };
const state = "s&t=a/te?";

beforeAll(async () => {
  house = await openHouse(usualHouse({ profile: "extended" }));
  root = house.client(await house.tokenOf("root"));
  admin = extendedClient(root);
  origin = new URL(house.url).origin;
  await admin.createSsoClient({ ...app, serviceName: "payroll", tags: ["env:production"] });
});
afterAll(() => house[Symbol.asyncDispose]());

const pathOf = (query: Record<string, string>) => `/sso/authorize?${new URLSearchParams(query).toString()}`;
const usual = (more: Record<string, string> = {}) =>
  pathOf({ client_id: app.clientId, redirect_uri: app.redirectUri, state, ...more });

async function someone() {
  const { id, username } = await root.createAccount(`p${uuid().slice(0, 8)}`, "human", password);
  return { id, username };
}

/** The value that the form of a page holds. */
function formOf({ text }: RawReply): string {
  return /name="form" value="([^"]+)"/.exec(text)?.[1] ?? "";
}

interface Filled {
  readonly username: string;
  readonly password?: string;
  readonly code?: string;
  readonly form?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
}

/** Fills the form in as a browser does. */
async function submit({ username, password: typed = password, code = "", form, path = usual(), headers }: Filled) {
  const value = form ?? formOf(await house.raw("GET", path));
  const body = new URLSearchParams({ form: value, username, password: typed, code }).toString();
  return house.raw("POST", path, {
    body,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "sec-fetch-site": "same-origin",
      origin: "null",
      ...headers,
    },
  });
}

function codeIn(reply: RawReply): string {
  return new URL(String(reply.headers["location"])).searchParams.get("code") ?? "";
}

async function codeFor(username: string): Promise<string> {
  return codeIn(await submit({ username }));
}

describe("the page", () => {
  test("works without script, loads nothing, and may lead back to the one registered origin", async () => {
    const reply = await house.raw("GET", usual());
    expect(reply.status).toBe(200);
    expect(reply.text).not.toMatch(/<script|src=|javascript:/i);
    expect(reply.text).toContain("app.example.com");
    expect(reply.headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' https:\/\/app\.example\.com; frame-ancestors 'none'; base-uri 'none'$/,
    );
    expect(reply.headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "content-type": "text/html; charset=utf-8",
    });
  });

  test("signs in, and goes back with a code and the state as it was", async () => {
    const { id, username } = await someone();
    const reply = await submit({ username });
    expect([reply.status, reply.text]).toEqual([303, ""]);
    const back = new URL(String(reply.headers["location"]));
    expect(back.origin + back.pathname).toBe("https://app.example.com/back");
    expect(Object.fromEntries(back.searchParams)).toEqual({ from: "cardea", code: codeIn(reply), state });
    expect(Buffer.from(codeIn(reply), "base64url")).toHaveLength(32);

    const service = house.client();
    const { token } = await extendedClient(service).exchangeSsoCode(codeIn(reply), app);
    expect(claimsOf(token)).toMatchObject({ sub: id, iss: house.url });
    expect(service.token, "the service's client does not hold the user's token").toBeUndefined();
    expect(await root.validateToken(token)).toMatchObject({ valid: true, username });
  });

  test.each<[string, Record<string, string>]>([
    ["another address", { redirect_uri: "https://evil.example.com/back?from=cardea" }],
    ["the address and more", { redirect_uri: `${app.redirectUri}&x=1` }],
    ["the address in capitals", { redirect_uri: "https://APP.example.com/back?from=cardea" }],
    ["its beginning", { redirect_uri: "https://app.example.com/back" }],
    ["a longer host", { redirect_uri: "https://app.example.com.evil.example/back?from=cardea" }],
    ["a user name before it", { redirect_uri: "https://app.example.com@evil.example/back?from=cardea" }],
    ["a dot segment", { redirect_uri: "https://app.example.com/x/../back?from=cardea" }],
    ["plain http", { redirect_uri: "http://app.example.com/back?from=cardea" }],
    ["a script", { redirect_uri: "javascript:alert(1)" }],
    ["a fragment", { redirect_uri: `${app.redirectUri}#x` }],
    ["no address", { redirect_uri: "" }],
    ["an unknown client", { client_id: "stranger" }],
    ["a client in capitals", { client_id: "PAYROLL" }],
    ["no client", { client_id: "" }],
    ["no state", { state: "" }],
    ["a state without end", { state: "x".repeat(1025) }],
  ])("with %s it tells the person, and never redirects", async (_, change) => {
    for (const method of ["GET", "POST"]) {
      const reply = await house.raw(method, usual(change));
      expect(reply.status).toBe(400);
      expect(reply.headers["location"]).toBeUndefined();
      expect(reply.text).not.toContain("evil");
    }
  });

  test("a repeated parameter is nobody's question", async () => {
    expect((await house.raw("GET", `${usual()}&client_id=payroll`)).status).toBe(400);
  });

  test("what was typed is shown as text", async () => {
    const reply = await submit({ username: '"><script>alert(1)</script>' });
    expect(reply.status).toBe(401);
    expect(reply.text).not.toContain("<script");
  });

  test("another method is 405", async () => {
    const reply = await house.raw("PUT", usual());
    expect([reply.status, reply.headers["allow"]]).toEqual([405, "GET, HEAD, POST"]);
  });
});

describe("signing in on the page", () => {
  test("unknown name, wrong password, inactive and locked look the same, and count", async () => {
    const [wrong, idle, locked] = [await someone(), await someone(), await someone()];
    await root.updateAccount(idle.id, { status: "inactive" });
    for (let n = 0; n < 10; n += 1) await submit({ username: locked.username, password: "wrong" });
    const pages = [
      await submit({ username: wrong.username, password: "wrong" }),
      await submit({ username: "nobody-here", password: "wrong" }),
      await submit({ username: idle.username }),
      await submit({ username: locked.username }),
    ];
    const plain = pages.map(({ status, text }) => [
      status,
      text.replace(/name="form" value="[^"]+"/, "").replace(/id="username"\s+name="username"\s+value="[^"]*"/, ""),
    ]);
    expect(plain).toEqual(pages.map(() => plain[0]));
    expect(plain[0]?.[0]).toBe(401);
    await expect(house.client().login(locked.username, password)).rejects.toThrow("invalid credentials");
  });

  test("who has a code enrolled is asked for it, and it works once", async () => {
    const without = await submit({ username: "otto", password: passwords.otto });
    expect(without.status).toBe(401);
    expect(without.text).toContain("needs a code");
    house.clock.turn(minute);
    const code = house.code();
    expect((await submit({ username: "otto", password: passwords.otto, code })).status).toBe(303);
    expect((await submit({ username: "otto", password: passwords.otto, code })).status).toBe(401);
  });

  test("the policy of the registration decides, not what the request says", async () => {
    const { username } = await someone();
    const rule = await admin.createPolicyRule({
      description: "x",
      rule: { effect: "deny", serviceNames: ["payroll"], requiredTags: ["env:production"] },
    });
    const denied = await submit({ username, path: usual({ service_name: "mail", tags: "none" }) });
    expect([denied.status, denied.headers["location"]]).toEqual([403, undefined]);
    await admin.updateSsoClient(app.clientId, { tags: [] });
    expect((await submit({ username })).status).toBe(303);
    await admin.updateSsoClient(app.clientId, { tags: ["env:production"] });
    await admin.deletePolicyRule(rule.id);
  });

  test.each<[string, Partial<Filled>]>([
    ["without the form's value", { form: "" }],
    ["with a value of one's own", { form: Buffer.alloc(64).toString("base64url") }],
    ["from another site", { headers: { "sec-fetch-site": "cross-site" } }],
    ["from a sibling site", { headers: { "sec-fetch-site": "same-site" } }],
    ["from nowhere", { headers: { "sec-fetch-site": "none" } }],
  ])("a form %s signs nobody in", async (_, change) => {
    const { username } = await someone();
    const reply = await submit({ username, ...change });
    expect([reply.status, reply.headers["location"]]).toEqual([403, undefined]);
    expect(reply.text, "it can be sent again from here").toContain('name="form"');
  });

  test("a browser that tells no site is believed its origin, where that is ours", async () => {
    const { username } = await someone();
    const send = async (headers: Record<string, string>) => {
      const form = formOf(await house.raw("GET", usual()));
      const body = new URLSearchParams({ form, username, password }).toString();
      const type = { "content-type": "application/x-www-form-urlencoded" };
      return (await house.raw("POST", usual(), { body, headers: { ...type, ...headers } })).status;
    };
    expect(await send({ origin })).toBe(303);
    expect(await send({ origin: "https://evil.example.com" })).toBe(403);
  });

  test("the value of a form is good for its own request, and for ten minutes", async () => {
    const { username } = await someone();
    const form = formOf(await house.raw("GET", usual()));
    expect((await submit({ username, form, path: usual({ state: "another" }) })).status).toBe(403);
    house.clock.turn(10 * minute);
    expect((await submit({ username, form })).status).toBe(403);
  });

  test("an empty, a doubled and an endless form are refused", async () => {
    const send = (body: string) =>
      house.raw("POST", usual(), { body, headers: { "content-type": "application/x-www-form-urlencoded" } });
    expect((await send("")).status).toBe(403);
    expect((await send("form=a&form=b")).status).toBe(400);
    expect((await send(`username=${"x".repeat(20_000)}`)).status).toBe(400);
  });

  test("it has the rate of a login", async () => {
    await using limited = await openHouse(
      usualHouse({ profile: "extended", rates: { login: { perSecond: 0.01, burst: 2 } } }),
    );
    const client = extendedClient(limited.client(await limited.tokenOf("root")));
    await client.createSsoClient(app);
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await limited.raw("POST", usual())).status);
    expect(statuses).toEqual([403, 403, 429]);
    expect((await limited.raw("GET", usual())).status).toBe(200);
  });
});

describe("the code", () => {
  const exchange = (code: string, client = app) => extendedClient(house.client()).exchangeSsoCode(code, client);

  test("works once", async () => {
    const code = await codeFor((await someone()).username);
    await exchange(code);
    await expect(exchange(code)).rejects.toBeInstanceOf(MciasAuthError);
  });

  test("of many exchanges at once exactly one gets a token", async () => {
    const code = await codeFor((await someone()).username);
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => exchange(code)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("is over after 60 seconds", async () => {
    const { username } = await someone();
    const late = await codeFor(username);
    house.clock.turn(60_000);
    await expect(exchange(late)).rejects.toMatchObject({ status: 401, code: "unauthorized" });
    const early = await codeFor(username);
    house.clock.turn(55_000);
    await exchange(early);
  });

  test("is for its client and its address, and spent by whoever tries another", async () => {
    const other = { clientId: `c${uuid()}`, redirectUri: app.redirectUri };
    await admin.createSsoClient(other);
    const { username } = await someone();
    for (const wrong of [other, { ...app, redirectUri: "https://app.example.com/other" }]) {
      const code = await codeFor(username);
      await expect(exchange(code, wrong)).rejects.toBeInstanceOf(MciasAuthError);
      await expect(exchange(code)).rejects.toBeInstanceOf(MciasAuthError);
    }
  });

  test("gives nobody a token who was deactivated since, and the roles of now to everybody else", async () => {
    const { id, username } = await someone();
    const first = await codeFor(username);
    await root.setRoles(id, ["user"]);
    const { token } = await exchange(first);
    expect(claimsOf(token)["roles"]).toEqual(["user"]);
    const second = await codeFor(username);
    await root.updateAccount(id, { status: "inactive" });
    await expect(exchange(second)).rejects.toBeInstanceOf(MciasAuthError);
  });

  test("a client disabled meanwhile is refused at both steps", async () => {
    const mine = { clientId: `c${uuid()}`, redirectUri: "https://mine.example.com/" };
    await admin.createSsoClient(mine);
    const path = pathOf({ client_id: mine.clientId, redirect_uri: mine.redirectUri, state });
    const { username } = await someone();
    const code = codeIn(await submit({ username, path }));
    const form = formOf(await house.raw("GET", path));
    await admin.updateSsoClient(mine.clientId, { enabled: false });
    expect((await house.raw("GET", path)).status).toBe(400);
    expect((await submit({ username, path, form })).status).toBe(400);
    await expect(exchange(code, mine)).rejects.toBeInstanceOf(MciasAuthError);
  });

  test("an answer with a token is not stored by anybody on the way", async () => {
    const code = await codeFor((await someone()).username);
    const body = { code, client_id: app.clientId, redirect_uri: app.redirectUri };
    const reply = await house.raw("POST", "/v1/sso/token", { body });
    expect(reply.headers["cache-control"]).toBe("no-store");
    expect(Object.keys(reply.body).sort()).toEqual(["expires_at", "token"]);
    const stored = JSON.stringify(await house.storage.read.selectFrom("one_time").selectAll().execute());
    expect(stored).not.toContain(code);
  });
});

describe("clients", () => {
  test("made, listed, changed and removed, each an event", async () => {
    const clientId = `c${uuid()}`;
    const made = await admin.createSsoClient({ clientId, redirectUri: "https://a.example.com/" });
    expect(made).toEqual({
      clientId,
      redirectUri: "https://a.example.com/",
      serviceName: "",
      tags: [],
      enabled: true,
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    });
    expect(await admin.listSsoClients()).toContainEqual(made);
    await expect(admin.createSsoClient({ clientId, redirectUri: "https://b.example.com/" })).rejects.toBeInstanceOf(
      MciasConflictError,
    );
    expect(await admin.updateSsoClient(clientId, {})).toEqual(made);
    const changed = await admin.updateSsoClient(clientId, { redirectUri: "https://b.example.com/", serviceName: "b" });
    expect(changed).toMatchObject({ redirectUri: "https://b.example.com/", serviceName: "b", enabled: true });
    await admin.deleteSsoClient(clientId);
    await expect(admin.deleteSsoClient(clientId)).rejects.toBeInstanceOf(MciasNotFoundError);
    await expect(admin.updateSsoClient(clientId, {})).rejects.toBeInstanceOf(MciasNotFoundError);
    const { events } = await admin.listAuditEvents({ limit: 3 });
    expect(events.map(({ eventType }) => eventType)).toEqual([
      "sso_client_deleted",
      "sso_client_updated",
      "sso_client_created",
    ]);
  });

  test("of many creations of one id at once exactly one is made", async () => {
    const clientId = `c${uuid()}`;
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, () => admin.createSsoClient({ clientId, redirectUri: "https://a.example.com/" })),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test.each([
    "http://app.example.com/",
    "https://app.example.com",
    "https://user@app.example.com/",
    "https://app.example.com/#x",
    "https://app.example.com/#",
    "https://APP.example.com/",
    "https://app.example.com:443/",
    "https://app.example.com/a/../b",
    "//app.example.com/",
    "/back",
    "app:back",
    "",
    " https://app.example.com/",
  ])("the address %j is refused", async (redirectUri) => {
    const body = { client_id: `c${uuid()}`, redirect_uri: redirectUri };
    const reply = await house.raw("POST", "/v1/sso/clients", { token: root.token!, body });
    expect([reply.status, reply.body.code]).toEqual([400, "bad_request"]);
  });
});
