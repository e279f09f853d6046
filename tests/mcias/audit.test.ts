import { expect, test } from "vitest";
import { openHouse, passwords, type TestHouse } from "./house.js";

async function eventsOf(house: TestHouse, after: number) {
  return house.storage.read
    .selectFrom("audit_events")
    .select(["id", "type", "operation", "wire", "actor_id", "target_id", "address", "request_id", "details"])
    .where("id", ">", after)
    .orderBy("id")
    .execute();
}

test("each deed writes its events, with who, to whom and from where, and nothing secret", async () => {
  await using house = await openHouse();
  const admin = house.client();
  let last = (await eventsOf(house, 0)).at(-1)?.id ?? 0;
  const fired = async (): Promise<string[]> => {
    const events = await eventsOf(house, last);
    last = events.at(-1)?.id ?? last;
    for (const event of events) {
      expect(event).toMatchObject({ wire: "mcias", address: "127.0.0.1" });
      expect(event.request_id).toMatch(/^[\w-]{8,64}$/);
    }
    return events.map((event) => `${event.operation}: ${event.type}`);
  };

  const { token } = await admin.login("root", passwords.root);
  expect(await fired()).toEqual(["login: login_ok", "login: token_issued"]);
  await admin.login("root", "wrong").catch(() => undefined);
  expect(await fired()).toEqual(["login: login_fail"]);
  await admin.login("nobody-at-all", "wrong").catch(() => undefined);
  expect(await fired()).toEqual(["login: login_fail"]);

  const bob = await admin.createAccount("bob", "human", passwords.alice);
  expect(await fired()).toEqual(["createAccount: account_created"]);
  await admin.createAccount("bob", "human", passwords.alice).catch(() => undefined);
  expect(await fired(), "a refused creation writes nothing").toEqual([]);
  await admin.setRoles(bob.id, ["user", "editor"]);
  expect(await fired()).toEqual(["setRoles: role_granted", "setRoles: role_granted"]);
  await admin.setRoles(bob.id, ["user"]);
  expect(await fired()).toEqual(["setRoles: role_revoked"]);
  await admin.updateAccount(bob.id, { status: "inactive" });
  expect(await fired()).toEqual(["updateAccount: account_updated"]);
  await admin.updateAccount(bob.id, { status: "inactive" });
  expect(await fired(), "no change, no event").toEqual([]);
  await admin.deleteAccount(bob.id);
  expect(await fired()).toEqual(["deleteAccount: account_deleted"]);

  const worker = await admin.createAccount("worker", "system");
  await fired();
  await admin.issueServiceToken(worker.id);
  expect(await fired()).toEqual(["issueServiceToken: token_issued"]);
  await admin.setPgCreds(worker.id, "h", 1, "d", "u", "planted-db-secret");
  expect(await fired()).toEqual(["setPgCreds: pgcred_updated"]);
  await admin.renewToken();
  expect(await fired()).toEqual(["renewToken: token_renewed", "renewToken: token_issued"]);
  await admin.logout();
  expect(await fired()).toEqual(["logout: token_revoked"]);
  await admin.validateToken(token);
  expect(await fired(), "reading writes nothing").toEqual([]);

  const whole = JSON.stringify(await eventsOf(house, 0));
  for (const secret of [token, passwords.root, passwords.alice, "planted-db-secret", "nobody-at-all"]) {
    expect(whole).not.toContain(secret);
  }
});
