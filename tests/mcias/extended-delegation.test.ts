import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MciasForbiddenError, MciasInputError, MciasNotFoundError, type MciasClient } from "@cardea/mcias";
import { extendedClient, type ExtendedClient, type Permission } from "@cardea/mcias/extended";
import { openHouse, usualHouse, uuid, type TestHouse } from "./house.js";

let house: TestHouse;
let root: MciasClient;
let admin: ExtendedClient;
const password = "a first long passphrase";

beforeAll(async () => {
  house = await openHouse(usualHouse({ profile: "extended" }));
  root = house.client(await house.tokenOf("root"));
  admin = extendedClient(root);
});
afterAll(() => house[Symbol.asyncDispose]());

async function worker() {
  const { id } = await root.createAccount(`w${uuid().slice(0, 8)}`, "system");
  await root.setPgCreds(id, "db.example.com", 5432, "one", "one_rw", "planted-db-secret");
  return id;
}

/** Somebody who may do this for that account. */
async function delegate(accountId: string, permissions: readonly Permission[]) {
  const { id, username } = await root.createAccount(`p${uuid().slice(0, 8)}`, "human", password);
  await admin.setDelegate(accountId, id, permissions);
  const client = house.client();
  await client.login(username, password);
  return { id, client };
}

test("who may issue for one account, may for that one and for no other, whether it exists or not", async () => {
  const [mine, other] = [await worker(), await worker()];
  const { client } = await delegate(mine, ["token_issue"]);
  const { token } = await client.issueServiceToken(mine);
  expect(await root.validateToken(token)).toMatchObject({ valid: true, sub: mine });
  for (const forbidden of [other, uuid()]) {
    await expect(client.issueServiceToken(forbidden)).rejects.toBeInstanceOf(MciasForbiddenError);
  }
  await expect(client.getPgCreds(mine), "the one is not the other").rejects.toBeInstanceOf(MciasForbiddenError);
  await expect(client.listAccounts(), "nor anything else").rejects.toBeInstanceOf(MciasForbiddenError);
});

test("who may read one account's database credentials, reads those, and sees them in the list", async () => {
  const [mine, other] = [await worker(), await worker()];
  const { client } = await delegate(mine, ["pgcreds_read"]);
  expect(await client.getPgCreds(mine)).toMatchObject({ database: "one", password: "planted-db-secret" });
  expect((await extendedClient(client).listPgCreds()).map(({ serviceAccountId }) => serviceAccountId)).toEqual([mine]);
  for (const forbidden of [other, uuid()]) {
    await expect(client.getPgCreds(forbidden)).rejects.toBeInstanceOf(MciasForbiddenError);
  }
  await expect(client.setPgCreds(mine, "h", 1, "d", "u", "p")).rejects.toBeInstanceOf(MciasForbiddenError);
  await expect(client.issueServiceToken(mine)).rejects.toBeInstanceOf(MciasForbiddenError);
});

test("a refusal comes before the body is read where nothing at all was delegated, and after it otherwise", async () => {
  const mine = await worker();
  const { client } = await delegate(mine, ["token_issue"]);
  const issue = async (token: string) => (await house.raw("POST", "/v1/token/issue", { token, body: "{" })).status;
  expect(await issue(await house.tokenOf("alice"))).toBe(403);
  expect(await issue(client.token!)).toBe(400);
});

test("what is taken away is gone at once, for tokens that are out as well", async () => {
  const mine = await worker();
  const { id, client } = await delegate(mine, ["token_issue", "pgcreds_read"]);
  expect(await admin.listDelegates(mine)).toEqual([{ accountId: id, permissions: ["pgcreds_read", "token_issue"] }]);
  await admin.setDelegate(mine, id, ["token_issue"]);
  await expect(client.getPgCreds(mine)).rejects.toBeInstanceOf(MciasForbiddenError);
  await client.issueServiceToken(mine);
  await admin.removeDelegate(mine, id);
  await admin.removeDelegate(mine, id);
  await expect(client.issueServiceToken(mine)).rejects.toBeInstanceOf(MciasForbiddenError);
  expect(await admin.listDelegates(mine)).toEqual([]);
});

test("an inactive account's token is issued to nobody, a deleted one's neither", async () => {
  const mine = await worker();
  const { client } = await delegate(mine, ["token_issue"]);
  await root.updateAccount(mine, { status: "inactive" });
  await expect(client.issueServiceToken(mine)).rejects.toMatchObject({ status: 409 });
  await root.deleteAccount(mine);
  await expect(client.issueServiceToken(mine)).rejects.toBeInstanceOf(MciasNotFoundError);
});

describe("delegating", () => {
  test("is for system accounts, to accounts that are there", async () => {
    const mine = await worker();
    const { id } = await delegate(mine, []);
    await expect(admin.setDelegate(id, id, ["token_issue"])).rejects.toBeInstanceOf(MciasInputError);
    for (const call of [
      () => admin.setDelegate(mine, uuid(), ["token_issue"]),
      () => admin.setDelegate(uuid(), id, ["token_issue"]),
      () => admin.removeDelegate(mine, uuid()),
      () => admin.listDelegates(uuid()),
    ]) {
      await expect(call()).rejects.toBeInstanceOf(MciasNotFoundError);
    }
    await expect(admin.setDelegate(mine, id, ["everything" as Permission])).rejects.toBeInstanceOf(MciasInputError);
  });

  test("each change is an event, and none is none", async () => {
    const mine = await worker();
    const { id } = await delegate(mine, ["token_issue"]);
    await admin.setDelegate(mine, id, ["token_issue"]);
    await admin.setDelegate(mine, id, ["pgcreds_read", "pgcreds_read"]);
    await admin.removeDelegate(mine, id);
    const { events } = await admin.listAuditEvents({ limit: 50 });
    const types = events.filter((event) => event.eventType.startsWith("delegation") && event.targetId === mine);
    expect(types.map(({ eventType }) => eventType).reverse()).toEqual([
      "delegation_granted",
      "delegation_granted",
      "delegation_revoked",
      "delegation_revoked",
    ]);
  });
});
