import { afterEach, beforeEach, expect, test } from "vitest";
import { add, audit, eventsOf, openCore, origin, type TestCore } from "./core.test.support.js";
import { hasAdministrator, rolesOf, setRoles } from "./roles.js";

let core: TestCore;

beforeEach(async () => {
  core = await openCore();
});

afterEach(() => core.storage.close());

const give = (accountId: string, roles: readonly string[]) =>
  core.storage.unit((tx) => setRoles(tx, origin, core.clock.now(), accountId, roles));

test.each([
  { before: [], after: [], events: [] },
  { before: [], after: ["b", "a"], events: ["role_granted a", "role_granted b"] },
  { before: ["a", "b"], after: ["b", "a"], events: [] },
  { before: ["a"], after: ["a", "a"], events: [] },
  { before: ["a", "b"], after: ["b", "c"], events: ["role_granted c", "role_revoked a"] },
  { before: ["a", "b"], after: [], events: ["role_revoked a", "role_revoked b"] },
])("the set $before becomes $after with the events $events", async ({ before, after, events }) => {
  const account = await add(core, { roles: before });
  const already = (await audit(core)).length;
  expect(await give(account.id, after)).toBe("set");
  expect(await rolesOf(core.storage.read, account.id)).toEqual([...new Set(after)].sort());
  const written = (await audit(core)).slice(already).map(({ type, details }) => `${type} ${String(details["role"])}`);
  expect(written).toEqual(events);
});

test("roles are told in the order of their code points", async () => {
  const account = await add(core, { roles: ["b", "a-b", "a.b", "ab", "0"] });
  expect(await rolesOf(core.storage.read, account.id)).toEqual(["0", "a-b", "a.b", "ab", "b"]);
});

test("the last administrator keeps the role, and the whole set stays", async () => {
  const root = await add(core, { roles: ["admin", "user"] });
  const { result, events } = await eventsOf(core, () => give(root.id, ["auditor"]));
  expect(result).toBe("last_administrator");
  expect(events).toEqual([]);
  expect(await rolesOf(core.storage.read, root.id)).toEqual(["admin", "user"]);
});

test("the last administrator may be given more", async () => {
  const root = await add(core, { roles: ["admin"] });
  expect(await give(root.id, ["admin", "user"])).toBe("set");
});

test("an administrator that is not the last may step down", async () => {
  const root = await add(core, { username: "root", roles: ["admin"] });
  await add(core, { username: "toor", roles: ["admin"] });
  expect(await give(root.id, [])).toBe("set");
});

test("of two administrators that step down at once one stays", async () => {
  const root = await add(core, { username: "root", roles: ["admin"] });
  const toor = await add(core, { username: "toor", roles: ["admin"] });
  const outcomes = await Promise.all([give(root.id, []), give(toor.id, [])]);
  expect(outcomes.sort()).toEqual(["last_administrator", "set"]);
});

test.each([
  ["nobody", undefined, false],
  ["a human without the role", { roles: ["user"] }, false],
  ["a system account with the role", { kind: "system", roles: ["admin"] }, false],
  ["an active human with the role", { roles: ["admin"] }, true],
] as const)("where there is %s, somebody can administer: %s", async (_, person, expected) => {
  if (person !== undefined) await add(core, person);
  expect(await hasAdministrator(core.storage.read)).toBe(expected);
});
