import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MciasConflictError, MciasInputError, MciasNotFoundError, type MciasClient } from "@cardea/mcias";
import { extendedClient, type ExtendedClient } from "@cardea/mcias/extended";
import { openHouse, passwords, usualHouse, uuid, type TestHouse } from "./house.js";

let house: TestHouse;
let root: MciasClient;
let more: ExtendedClient;
let last = 0;

beforeAll(async () => {
  house = await openHouse(usualHouse({ profile: "extended", roles: ["admin", "editor", "user", "ingest"] }));
  root = house.client(await house.tokenOf("root"));
  more = extendedClient(root);
});
afterAll(() => house[Symbol.asyncDispose]());

/** The events since the last time, by type. */
async function fired(): Promise<string[]> {
  const events = await house.storage.read
    .selectFrom("audit_events")
    .select(["id", "operation", "type"])
    .where("id", ">", last)
    .orderBy("id")
    .execute();
  last = events.at(-1)?.id ?? last;
  return events.map(({ operation, type }) => `${operation}: ${type}`);
}

async function someone(kind: "human" | "system" = "human", password = "a first long passphrase") {
  const { id, username } = await root.createAccount(
    `p${uuid().slice(0, 8)}`,
    kind,
    kind === "human" ? password : undefined,
  );
  await fired();
  return { id, username, password };
}

describe("single roles", () => {
  test("one more, twice, is one more; the others stay", async () => {
    const { id } = await someone();
    await root.setRoles(id, ["user"]);
    await fired();
    await more.grantRole(id, "editor");
    await more.grantRole(id, "editor");
    expect(await root.getRoles(id)).toEqual(["editor", "user"]);
    expect(await fired()).toEqual(["grantRole: role_granted"]);
  });

  test("one less, twice, is one less", async () => {
    const { id } = await someone();
    await root.setRoles(id, ["editor", "user"]);
    await fired();
    await more.revokeRole(id, "user");
    await more.revokeRole(id, "user");
    expect(await root.getRoles(id)).toEqual(["editor"]);
    expect(await fired()).toEqual(["revokeRole: role_revoked"]);
  });

  test("the last administrator keeps the role, and a second one may lose it", async () => {
    const rootId = await house.idOf("root");
    await expect(more.revokeRole(rootId, "admin")).rejects.toBeInstanceOf(MciasConflictError);
    const { id } = await someone();
    await more.grantRole(id, "admin");
    await more.revokeRole(id, "admin");
    expect(await root.getRoles(rootId)).toEqual(["admin"]);
  });

  test("grants and revocations of many at once end as if one came after the other", async () => {
    const { id } = await someone();
    await Promise.all(Array.from({ length: 20 }, () => more.grantRole(id, "editor")));
    expect((await fired()).filter((event) => event.endsWith("role_granted"))).toHaveLength(1);
    await Promise.all(Array.from({ length: 20 }, () => more.revokeRole(id, "editor")));
    expect((await fired()).filter((event) => event.endsWith("role_revoked"))).toHaveLength(1);
  });

  test("a role that the house does not know, and one that is no role", async () => {
    const { id } = await someone();
    await expect(more.grantRole(id, "stranger")).rejects.toThrow("does not know");
    const reply = await house.raw("POST", `/v1/accounts/${id}/roles`, { token: root.token!, body: { role: "A B" } });
    expect([reply.status, reply.body.code]).toEqual([400, "bad_request"]);
  });

  test("nobody, and the deleted, have none", async () => {
    const { id } = await someone();
    await root.deleteAccount(id);
    for (const gone of [id, uuid(), "no-uuid"]) {
      await expect(more.grantRole(gone, "user")).rejects.toBeInstanceOf(MciasNotFoundError);
      await expect(more.revokeRole(gone, "user")).rejects.toBeInstanceOf(MciasNotFoundError);
    }
  });
});

describe("an administrator's password reset", () => {
  test("the new one works, the old one does not, and every token of the account is dead", async () => {
    const { id, username, password } = await someone();
    const held = (await house.client().login(username, password)).token;
    await fired();
    await more.resetPassword(id, "a second long passphrase");
    expect(await fired()).toEqual(["resetPassword: password_changed"]);
    expect(await root.validateToken(held)).toEqual({ valid: false });
    await expect(house.client().login(username, password)).rejects.toThrow("invalid credentials");
    await house.client().login(username, "a second long passphrase");
  });

  test("a system account has no password, nobody has none, a short one is none", async () => {
    const worker = await someone("system");
    await expect(more.resetPassword(worker.id, "a second long passphrase")).rejects.toBeInstanceOf(MciasInputError);
    await expect(more.resetPassword(uuid(), "a second long passphrase")).rejects.toBeInstanceOf(MciasNotFoundError);
    const { id, username, password } = await someone();
    await expect(more.resetPassword(id, "short")).rejects.toThrow("new_password: expected 12 to 1024 bytes");
    await house.client().login(username, password);
  });

  test("the administrator's own token dies with a reset of the own account", async () => {
    const { id, username, password } = await someone();
    await more.grantRole(id, "admin");
    const own = house.client();
    await own.login(username, password);
    await extendedClient(own).resetPassword(id, "a second long passphrase");
    await expect(own.listAccounts()).rejects.toThrow("invalid or expired token");
    await more.revokeRole(id, "admin");
  });
});

describe("tags", () => {
  test("a set, replaced whole, told ascending", async () => {
    const { id } = await someone();
    expect(await more.getTags(id)).toEqual([]);
    await more.setTags(id, ["team:b", "env:restricted", "team:b"]);
    expect(await more.getTags(id)).toEqual(["env:restricted", "team:b"]);
    await more.setTags(id, ["team:b", "env:restricted"]);
    expect(await fired(), "the same set is no change").toEqual(["setTags: tags_updated"]);
    await more.setTags(id, ["team:c"]);
    expect(await more.getTags(id)).toEqual(["team:c"]);
    await more.setTags(id, []);
    expect(await more.getTags(id)).toEqual([]);
  });

  test("of many replacements at once one whole set is left", async () => {
    const { id } = await someone();
    const sets = Array.from({ length: 16 }, (_, n) => [`a${n}`, `b${n}`]);
    await Promise.all(sets.map((tags) => more.setTags(id, tags)));
    expect(sets).toContainEqual(await more.getTags(id));
  });

  test.each([
    ["a tag with a blank", ["a b"]],
    ["an empty one", [""]],
    ["65 of them", Array.from({ length: 65 }, (_, n) => `t${n}`)],
  ])("%s is refused", async (_, tags) => {
    const { id } = await someone();
    await expect(more.setTags(id, tags)).rejects.toBeInstanceOf(MciasInputError);
    expect(await more.getTags(id)).toEqual([]);
  });

  test("nobody has none", async () => {
    await expect(more.getTags(uuid())).rejects.toBeInstanceOf(MciasNotFoundError);
    await expect(more.setTags(uuid(), [])).rejects.toBeInstanceOf(MciasNotFoundError);
  });
});

test("who may use which database credentials: the administrator all, a system account its own, without passwords", async () => {
  const [one, two] = [await someone("system"), await someone("system")];
  await root.setPgCreds(one.id, "db.example.com", 5432, "one", "one_rw", "planted-db-secret");
  await root.setPgCreds(two.id, "db.example.com", 5433, "two", "two_rw", "planted-db-secret");
  const entry = (id: string, database: string, port: number) => ({
    serviceAccountId: id,
    username: `${database}_rw`,
    host: "db.example.com",
    port,
    database,
  });
  const all = await more.listPgCreds();
  expect(all).toContainEqual(entry(one.id, "one", 5432));
  expect(all).toContainEqual(entry(two.id, "two", 5433));
  const { token } = await root.issueServiceToken(one.id);
  expect(await extendedClient(house.client(token)).listPgCreds()).toEqual([entry(one.id, "one", 5432)]);
  expect(await extendedClient(house.client(await house.tokenOf("alice"))).listPgCreds()).toEqual([]);
  expect((await house.raw("GET", "/v1/pgcreds", { token: root.token! })).text).not.toContain("planted-db-secret");
  await root.deleteAccount(two.id);
  expect((await more.listPgCreds()).map(({ serviceAccountId }) => serviceAccountId)).not.toContain(two.id);
});

test("the audit log: newest first, in pages, by type and by actor", async () => {
  const { id, username, password } = await someone();
  await house.client().login(username, password);
  const whole = await more.listAuditEvents({ limit: 1000 });
  expect(whole.events.length).toBe(whole.total);
  expect(whole.events.map((event) => event.id)).toEqual(
    [...whole.events.map((event) => event.id)].sort((a, b) => b - a),
  );
  const page = await more.listAuditEvents({ limit: 2, offset: 1 });
  expect(page).toEqual({ events: whole.events.slice(1, 3), total: whole.total });
  expect((await more.listAuditEvents()).events).toHaveLength(50);

  const logins = await more.listAuditEvents({ eventType: "login_ok", actorId: id });
  expect(logins.total).toBe(1);
  expect(logins.events[0]).toEqual({
    id: expect.any(Number),
    eventType: "login_ok",
    eventTime: expect.any(Date),
    ipAddress: "127.0.0.1",
    actorId: id,
    targetId: id,
  });
  const made = await more.listAuditEvents({ eventType: "account_created", actorId: await house.idOf("root") });
  expect(made.events[0]).toMatchObject({ actorId: await house.idOf("root"), targetId: id });
  expect(await more.listAuditEvents({ eventType: "no_such_event" })).toEqual({ events: [], total: 0 });
  expect(await more.listAuditEvents({ actorId: uuid() })).toEqual({ events: [], total: 0 });
});

test("an event of the house file has no address and no actor, and every event its five members", async () => {
  const reply = await house.raw("GET", "/v1/audit?event_type=house_applied", { token: root.token! });
  expect(reply.body.events[0]).toEqual({
    id: expect.any(Number),
    event_type: "house_applied",
    event_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    ip_address: "",
    actor_id: null,
    target_id: null,
  });
});

test.each([
  "limit=0",
  "limit=1001",
  "limit=x",
  "limit=",
  "limit=-1",
  "offset=-1",
  "offset=1.5",
  "actor_id=root",
  "event_type=",
])("the audit log refuses ?%s", async (query) => {
  const reply = await house.raw("GET", `/v1/audit?${query}`, { token: root.token! });
  expect([reply.status, reply.body.code]).toEqual([400, "bad_request"]);
});

test("no secret of any of this is in the log or in the answers of errors", async () => {
  const events = JSON.stringify(await house.storage.read.selectFrom("audit_events").select("details").execute());
  for (const secret of [passwords.root, "a first long passphrase", "a second long passphrase", "planted-db-secret"]) {
    expect(events).not.toContain(secret);
  }
});
