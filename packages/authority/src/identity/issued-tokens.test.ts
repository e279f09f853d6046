import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { setStatus, type Account } from "./accounts.js";
import { add, openCore, origin, type TestCore } from "./core.test.support.js";
import type { Reader } from "../storage/storage.js";
import { findToken, pruneTokens, recordToken, revokeTokensOf, spendToken, tokenLookup } from "./issued-tokens.js";

const hour = 3_600_000;
let core: TestCore;
let alice: Account;

beforeEach(async () => {
  core = await openCore();
  alice = await add(core);
});

afterEach(() => core.storage.close());

const issue = (jti: string, token: { account?: Account; wire?: string; expiresAt?: number } = {}) =>
  core.storage.unit((tx) =>
    recordToken(tx, {
      jti,
      accountId: (token.account ?? alice).id,
      wire: token.wire ?? "mcias",
      issuer: "https://localhost/mcias",
      issuedAt: core.clock.now(),
      expiresAt: token.expiresAt ?? core.clock.now() + hour,
    }),
  );

const spend = (jti: string, wire = "mcias") => core.storage.unit((tx) => spendToken(tx, wire, jti, core.clock.now()));
const look = (jti: string, wire = "mcias") => tokenLookup(core.storage, wire)(jti);

describe("a token", () => {
  test("is found with what was recorded of it and of its account", async () => {
    await issue("t1");
    expect(await look("t1")).toEqual({
      accountId: alice.id,
      subject: alice.subject,
      username: "alice",
      kind: "human",
      issuer: "https://localhost/mcias",
      expiresAt: core.clock.now() + hour,
    });
  });

  test("is found on its own wire only", async () => {
    await issue("t1");
    expect(await look("t1", "auki")).toBeUndefined();
    expect(await findToken(core.storage.read, "auki", "t1")).toBeUndefined();
    expect(await spend("t1", "auki")).toBe(false);
    expect(await look("t1")).toBeDefined();
  });

  test("is not found once it is spent, and is known all the same", async () => {
    await issue("t1");
    expect(await spend("t1")).toBe(true);
    expect(await look("t1")).toBeUndefined();
    expect(await findToken(core.storage.read, "mcias", "t1")).toEqual({ accountId: alice.id });
  });

  test("is asked for once until something is written, and is dead for the same lookup once it is spent", async () => {
    await issue("t1");
    let asked = 0;
    const { read } = core.storage;
    const counted = {
      selectFrom: read.selectFrom.bind(read),
      getExecutor: read.getExecutor.bind(read),
      executeQuery: (query: Parameters<Reader["executeQuery"]>[0]) => {
        asked += 1;
        return read.executeQuery(query);
      },
    } as Reader;
    const lookup = tokenLookup({ read: counted, version: () => core.storage.version?.() ?? 0 }, "mcias");
    for (let i = 0; i < 3; i += 1) expect(await lookup("t1")).toBeDefined();
    expect(asked).toBe(1);
    await issue("another");
    expect(await lookup("t1")).toBeDefined();
    expect(asked).toBe(2);
    await spend("t1");
    expect(await lookup("t1")).toBeUndefined();
  });

  test("is asked for every time where others may write", async () => {
    await issue("t1");
    const lookup = tokenLookup({ read: core.storage.read }, "mcias");
    expect(await lookup("t1")).toBeDefined();
    await spend("t1");
    expect(await lookup("t1")).toBeUndefined();
  });

  test("that thirty spend at once is spent by one of them", async () => {
    await issue("t1");
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => spend("t1")));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });

  test("that was never issued can be neither found nor spent", async () => {
    expect(await look("t1")).toBeUndefined();
    expect(await spend("t1")).toBe(false);
  });

  test("of an account that is not active is not found", async () => {
    await issue("t1");
    await core.storage.unit((tx) => tx.updateTable("accounts").set({ status: "inactive" }).execute());
    expect(await look("t1")).toBeUndefined();
  });
});

describe("revoking all tokens of an account", () => {
  test("names those that it ended, on every wire, and leaves those of others", async () => {
    const bob = await add(core, { username: "bob" });
    await issue("t1");
    await issue("t2", { wire: "auki" });
    await issue("spent");
    await spend("spent");
    await issue("over", { expiresAt: core.clock.now() });
    await issue("other", { account: bob });
    const revoked = await core.storage.unit((tx) => revokeTokensOf(tx, alice.id, core.clock.now()));
    expect(revoked.sort()).toEqual(["t1", "t2"]);
    expect(await look("t1")).toBeUndefined();
    expect(await look("other")).toBeDefined();
  });

  test("does not move the time at which one was revoked before", async () => {
    await issue("t1");
    await spend("t1");
    const before = await core.storage.read.selectFrom("issued_tokens").selectAll().execute();
    core.clock.advance(hour / 2);
    await core.storage.unit((tx) => setStatus(tx, origin, core.clock.now(), "mcias", alice.subject, "inactive"));
    expect(await core.storage.read.selectFrom("issued_tokens").selectAll().execute()).toEqual(before);
  });
});

test("pruning removes tokens that were over before, and no other", async () => {
  await issue("old", { expiresAt: core.clock.now() - 1 });
  await issue("edge", { expiresAt: core.clock.now() });
  await core.storage.unit((tx) => pruneTokens(tx, core.clock.now()));
  expect(await findToken(core.storage.read, "mcias", "old")).toBeUndefined();
  expect(await findToken(core.storage.read, "mcias", "edge")).toBeDefined();
});
