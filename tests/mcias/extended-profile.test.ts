import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as seed from "@cardea/mcias/contract";
import * as extended from "@cardea/mcias/contract/extended";
import { extendedClient } from "@cardea/mcias/extended";
import { openHouse, usualHouse, uuid, type TestHouse } from "./house.js";

const { mciasExtended, delegable, ...rows } = extended;
const { mcias: _, ...seedRows } = seed;

/** Section 8 of the wire document, written a second time, with who may call. */
const table: Record<string, string> = {
  grantRole: "POST /v1/accounts/{id}/roles administrator",
  revokeRole: "DELETE /v1/accounts/{id}/roles/{role} administrator",
  changePassword: "PUT /v1/auth/password bearer",
  resetPassword: "PUT /v1/accounts/{id}/password administrator",
  enrollTotp: "POST /v1/auth/totp/enroll bearer",
  confirmTotp: "POST /v1/auth/totp/confirm bearer",
  removeTotp: "DELETE /v1/auth/totp administrator",
  beginWebauthnRegistration: "POST /v1/auth/webauthn/register/begin bearer",
  finishWebauthnRegistration: "POST /v1/auth/webauthn/register/finish bearer",
  beginWebauthnLogin: "POST /v1/auth/webauthn/login/begin anyone",
  finishWebauthnLogin: "POST /v1/auth/webauthn/login/finish anyone",
  listWebauthnCredentials: "GET /v1/accounts/{id}/webauthn administrator_or_self",
  deleteWebauthnCredential: "DELETE /v1/accounts/{id}/webauthn/{credential_id} administrator_or_self",
  listDelegates: "GET /v1/accounts/{id}/delegates administrator",
  setDelegate: "PUT /v1/accounts/{id}/delegates/{delegate_id} administrator",
  removeDelegate: "DELETE /v1/accounts/{id}/delegates/{delegate_id} administrator",
  getTags: "GET /v1/accounts/{id}/tags administrator",
  setTags: "PUT /v1/accounts/{id}/tags administrator",
  listPolicyRules: "GET /v1/policy/rules administrator",
  createPolicyRule: "POST /v1/policy/rules administrator",
  getPolicyRule: "GET /v1/policy/rules/{id} administrator",
  updatePolicyRule: "PATCH /v1/policy/rules/{id} administrator",
  deletePolicyRule: "DELETE /v1/policy/rules/{id} administrator",
  listAuditEvents: "GET /v1/audit administrator",
  vaultStatus: "GET /v1/vault/status anyone",
  unsealVault: "POST /v1/vault/unseal anyone",
  sealVault: "POST /v1/vault/seal administrator",
  listPgCreds: "GET /v1/pgcreds bearer",
  exchangeSsoCode: "POST /v1/sso/token anyone",
  listSsoClients: "GET /v1/sso/clients administrator",
  createSsoClient: "POST /v1/sso/clients administrator",
  updateSsoClient: "PATCH /v1/sso/clients/{client_id} administrator",
  deleteSsoClient: "DELETE /v1/sso/clients/{client_id} administrator",
};

const routes = Object.entries(table).map(([name, row]) => {
  const [method = "", template = "", caller = ""] = row.split(" ");
  return {
    name,
    method,
    template,
    caller,
    path: template.replace(/\{(id|credential_id|delegate_id)\}/g, uuid()).replace(/\{.*\}/, "x"),
  };
});

test("the contract has these rows, and the client a method for each", async () => {
  const written = Object.entries(rows).map(([name, { route, caller }]) => [name, `${route} ${caller}`]);
  expect(Object.fromEntries(written)).toEqual(table);
  await using house = await openHouse();
  expect(Object.keys(extendedClient(house.client())).sort()).toEqual(Object.keys(table).sort());
});

test("two rows of the seed are for delegates too, and otherwise the same", () => {
  for (const [name, row] of Object.entries(delegable)) {
    const { caller, fails, ...same } = seed[name as keyof typeof delegable];
    expect(row).toMatchObject(same);
    expect(row.caller).toContain(caller.replace(/_or_self$/, ""));
    expect(row.fails).toEqual(expect.arrayContaining([...fails]));
  }
});

test("a stranger's object is no client", () => {
  expect(() => extendedClient({} as never)).toThrow(TypeError);
});

test("every case that a row may fail with is a case of the wire", () => {
  for (const { fails } of Object.values(rows))
    for (const name of fails) expect(mciasExtended.cases).toHaveProperty(name);
});

describe("the seed profile", () => {
  let house: TestHouse;
  let root: string;
  beforeAll(async () => {
    house = await openHouse();
    root = await house.tokenOf("root");
  });
  afterAll(() => house[Symbol.asyncDispose]());

  /** The seed has these paths, with other methods. */
  const allowed = new Map(
    Object.values(seedRows).map(({ path }) => [
      path,
      Object.values(seedRows)
        .filter((row) => row.path === path)
        .map((row) => row.method),
    ]),
  );

  test.each(routes)("38: $method $template is not served", async ({ method, template, path }) => {
    const reply = await house.raw(method, path, { token: root, body: {} });
    const others = allowed.get(template);
    expect(reply.status).toBe(others === undefined ? 404 : 405);
    if (others !== undefined) expect(reply.headers["allow"]).not.toContain(method);
  });

  test.each(routes.filter(({ template }) => !allowed.has(template)))(
    "$template is unknown by any method",
    async ({ path }) => {
      expect((await house.raw("PATCH", path, { body: {} })).status).toBe(404);
      expect((await house.raw("OPTIONS", path)).status).toBe(404);
    },
  );

  test("the sign-in page is not served", async () => {
    expect((await house.raw("GET", "/sso/authorize?client_id=a&redirect_uri=b&state=c")).status).toBe(404);
  });

  test("validation and health say nothing of the extended profile", async () => {
    expect((await house.raw("GET", "/v1/health")).body).toEqual({ status: "ok" });
    const reply = await house.raw("POST", "/v1/token/validate", { body: { token: root } });
    expect(Object.keys(reply.body).sort()).toEqual(["expires_at", "roles", "sub", "valid"]);
  });
});

describe("the extended profile", () => {
  let house: TestHouse;
  let alice: string;
  beforeAll(async () => {
    house = await openHouse(usualHouse({ profile: "extended" }));
    alice = await house.tokenOf("alice");
  });
  afterAll(() => house[Symbol.asyncDispose]());

  test.each(routes)("$method $template lets nobody in but $caller", async ({ method, path, caller }) => {
    const nobody = await house.raw(method, path, { body: "{" });
    if (caller === "anyone") return expect(nobody.status).not.toBe(401);
    expect([nobody.status, nobody.body.code]).toEqual([401, "unauthorized"]);
    expect(nobody.headers["www-authenticate"]).toBe("Bearer");
    const user = await house.raw(method, path, { token: alice, body: "{" });
    if (caller === "bearer") return expect([401, 403]).not.toContain(user.status);
    expect([user.status, user.body.code]).toEqual([403, "forbidden"]);
  });

  const withBody = routes.filter(({ name }) => rows[name as keyof typeof rows].accepts === "json");
  test.each(withBody)("$method $template refuses broken and surplus bodies", async ({ method, path }) => {
    const token = await house.tokenOf("root");
    for (const body of ["{", "[]", '{"surplus":1}', '{"a":1,"a":1}', "\ufeff{}"]) {
      const reply = await house.raw(method, path, { token, body });
      expect([body, reply.status, reply.body.code]).toEqual([body, 400, "bad_request"]);
    }
    const typed = await house.raw(method, path, { token, body: "x", headers: { "content-type": "text/plain" } });
    expect(typed.status).toBe(415);
  });

  test.each(routes)("405 before 401: $template says which methods it has", async ({ method, path }) => {
    const reply = await house.raw("OPTIONS", path);
    expect(reply.status).toBe(405);
    expect(reply.headers["allow"]).toContain(method);
  });

  test("38: the seed's replies gain the username of a valid token and nothing else", async () => {
    const valid = await house.raw("POST", "/v1/token/validate", { body: { token: alice } });
    expect(Object.keys(valid.body).sort()).toEqual(["expires_at", "roles", "sub", "username", "valid"]);
    expect((await house.raw("GET", "/v1/health")).body).toEqual({ status: "ok" });
  });
});
