import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createAccount,
  findBySubject,
  findByUsername,
  isUsernameTaken,
  listAccounts,
  setStatus,
  type Account,
  type AccountStatus,
} from "./accounts.js";
import { add, audit, eventsOf, openCore, origin, type TestCore } from "./core.test.support.js";
import { findDatabaseCredentials, setDatabaseCredentials } from "./database-credentials.js";
import { recordToken, tokenLookup } from "./issued-tokens.js";
import { rolesOf } from "./roles.js";

let core: TestCore;

beforeEach(async () => {
  core = await openCore();
});

afterEach(() => core.storage.close());

const move = (account: Account, status: AccountStatus) =>
  core.storage.unit((tx) => setStatus(tx, origin, core.clock.now(), "mcias", account.subject, status));

async function giveToken(account: Account): Promise<void> {
  const now = core.clock.now();
  await core.storage.unit((tx) =>
    recordToken(tx, {
      jti: `token of ${account.username}`,
      accountId: account.id,
      wire: "mcias",
      issuer: "https://localhost",
      issuedAt: now,
      expiresAt: now + 60_000,
    }),
  );
}

const tokenLives = async (account: Account) =>
  (await tokenLookup(core.storage, "mcias")(`token of ${account.username}`)) !== undefined;

interface Transition {
  readonly from: AccountStatus;
  readonly to: AccountStatus;
  readonly result: AccountStatus | "not_found";
  readonly events: readonly string[];
  /** A token that was good before is no more, for ever. */
  readonly revokes: boolean;
}

const transitions: readonly Transition[] = [
  { from: "active", to: "active", result: "active", events: [], revokes: false },
  { from: "active", to: "inactive", result: "inactive", events: ["account_updated"], revokes: true },
  { from: "active", to: "deleted", result: "deleted", events: ["account_deleted"], revokes: true },
  { from: "inactive", to: "active", result: "active", events: ["account_updated"], revokes: false },
  { from: "inactive", to: "inactive", result: "inactive", events: [], revokes: false },
  { from: "inactive", to: "deleted", result: "deleted", events: ["account_deleted"], revokes: true },
  { from: "deleted", to: "active", result: "not_found", events: [], revokes: false },
  { from: "deleted", to: "inactive", result: "not_found", events: [], revokes: false },
  { from: "deleted", to: "deleted", result: "not_found", events: [], revokes: false },
];

describe("a change of status", () => {
  test.each(transitions)("from $from to $to ends as $result", async ({ from, to, result, events, revokes }) => {
    const account = await add(core, { status: from });
    await giveToken(account);
    core.clock.advance(5_000);

    const deed = await eventsOf(core, () => move(account, to));
    expect(typeof deed.result === "string" ? deed.result : deed.result.status).toBe(result);
    expect(deed.events).toEqual(events);

    const after = await findBySubject(core.storage.read, "mcias", account.subject);
    expect(after?.status).toBe(result === "not_found" ? from : result);
    expect(after?.updatedAt).toBe(events.length > 0 ? account.updatedAt + 5_000 : account.updatedAt);
    const revoked = await core.storage.read.selectFrom("issued_tokens").select("revoked_at").executeTakeFirstOrThrow();
    expect(revoked.revoked_at !== null).toBe(revokes);
  });

  test("of an unknown account is not found", async () => {
    const stranger = { ...(await add(core)), subject: core.uuid() };
    expect(await move(stranger, "inactive")).toBe("not_found");
  });

  test("and back does not bring the tokens back", async () => {
    const account = await add(core);
    await giveToken(account);
    expect(await tokenLives(account)).toBe(true);
    await move(account, "inactive");
    await move(account, "active");
    expect(await tokenLives(account)).toBe(false);
  });
});

describe("the last administrator", () => {
  test.each(["inactive", "deleted"] as const)("cannot become %s, and keeps its tokens", async (status) => {
    const root = await add(core, { username: "root", roles: ["admin"] });
    await giveToken(root);
    const { result, events } = await eventsOf(core, () => move(root, status));
    expect(result).toBe("last_administrator");
    expect(events).toEqual([]);
    expect(await tokenLives(root)).toBe(true);
  });

  test.each([
    ["a system account", { kind: "system" }],
    ["an inactive human", { status: "inactive" }],
  ] as const)("is one also where %s has the role", async (_, other) => {
    const root = await add(core, { username: "root", roles: ["admin"] });
    await add(core, { username: "other", roles: ["admin"], ...other });
    expect(await move(root, "inactive")).toBe("last_administrator");
  });

  test("of two that go at once, one stays", async () => {
    const both = [
      await add(core, { username: "root", roles: ["admin"] }),
      await add(core, { username: "toor", roles: ["admin"] }),
    ];
    const outcomes = await Promise.all(both.map((account) => move(account, "deleted")));
    expect(outcomes.filter((outcome) => outcome === "last_administrator")).toHaveLength(1);
  });
});

describe("a deleted account", () => {
  test("loses everything that it could sign in with and all its secrets", async () => {
    const account = await add(core, { roles: ["user"], totp: new Uint8Array(20) });
    await core.storage.unit((tx) =>
      setDatabaseCredentials(tx, core.seals, origin, core.clock.now(), account.id, {
        host: "db",
        port: 5432,
        database: "app",
        username: "app",
        password: "pgpass",
      }),
    );
    await move(account, "deleted");
    expect(await findDatabaseCredentials(core.storage.read, core.seals, account.id)).toBeUndefined();
    expect(await rolesOf(core.storage.read, account.id)).toEqual([]);
    for (const table of ["passwords", "factors"] as const) {
      expect(await core.storage.read.selectFrom(table).selectAll().execute()).toEqual([]);
    }
  });

  test("is found by its subject, is in no list, and keeps its name for ever", async () => {
    const account = await add(core, { status: "deleted" });
    expect((await findBySubject(core.storage.read, "mcias", account.subject))?.status).toBe("deleted");
    expect(await listAccounts(core.storage.read, "mcias")).toEqual([]);
    expect(await isUsernameTaken(core.storage.read, "alice")).toBe(true);
    await expect(add(core)).rejects.toThrow("there already");
  });
});

describe("creation", () => {
  test("of a name that is taken leaves nothing behind and writes no event", async () => {
    await add(core);
    const { result, events } = await eventsOf(core, () =>
      core.storage.unit((tx) =>
        createAccount(tx, origin, core.clock.now(), {
          id: core.uuid(),
          wire: "mcias",
          subject: core.uuid(),
          username: "alice",
          kind: "system",
        }),
      ),
    );
    expect(result).toBe("username_taken");
    expect(events).toEqual([]);
    expect(await core.storage.read.selectFrom("accounts").select("id").execute()).toHaveLength(1);
    expect(await core.storage.read.selectFrom("subjects").select("subject").execute()).toHaveLength(1);
  });

  test("of one name twenty times at once makes one account", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => add(core)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("takes names that differ in case for different", async () => {
    await add(core);
    await add(core, { username: "Alice" });
    expect((await findByUsername(core.storage.read, "mcias", "Alice"))?.username).toBe("Alice");
  });

  test("counts in whole seconds", async () => {
    core.clock.advance(999);
    const account = await add(core);
    expect(account.createdAt % 1000).toBe(0);
    expect(account.updatedAt).toBe(account.createdAt);
  });

  test("never lets the hash of the password into the audit log", async () => {
    await add(core);
    expect(JSON.stringify(await audit(core))).not.toContain("hash of");
  });
});

test("accounts are listed by creation and then by subject", async () => {
  await add(core, { username: "b" });
  await add(core, { username: "a" });
  core.clock.advance(1_000);
  await add(core, { username: "0" });
  const names = (await listAccounts(core.storage.read, "mcias")).map(({ username }) => username);
  expect(names).toEqual(["b", "a", "0"]);
});

test("an operation that writes an event which it did not announce fails, and nothing is written", async () => {
  const account = await add(core);
  const silent = { ...origin, audits: ["login_ok"] as const };
  await expect(
    core.storage.unit((tx) => setStatus(tx, silent, core.clock.now(), "mcias", account.subject, "inactive")),
  ).rejects.toThrow("account_updated");
  expect((await findByUsername(core.storage.read, "mcias", "alice"))?.status).toBe("active");
});
