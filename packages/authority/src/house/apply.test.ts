import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findByUsername, setStatus } from "../identity/accounts.js";
import { audit, eventsOf, openCore, origin, tryToSignIn, type TestCore } from "../identity/core.test.support.js";
import { recordToken, tokenLookup } from "../identity/issued-tokens.js";
import { rolesOf } from "../identity/roles.js";
import { decodeBase32, totpCode, totpStep } from "../identity/totp.js";
import { applyHouse, type ApplyOptions, type HouseReport } from "./apply.js";
import { loadHouse } from "./load.js";

const password = "correct horse battery";
const totp = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
let core: TestCore;
let folder: string;
let credentialsOut: string;

beforeEach(async () => {
  core = await openCore();
  folder = mkdtempSync(join(tmpdir(), "cardea-apply-"));
  credentialsOut = join(folder, "credentials.json");
});

afterEach(async () => {
  await core.storage.close();
  rmSync(folder, { recursive: true });
});

async function apply(house: object, options?: ApplyOptions): Promise<HouseReport> {
  return applyHouse(core, await loadHouse(house), options);
}

const accounts = (...list: object[]) => ({ accounts: list });
const find = (username: string) => findByUsername(core.storage.read, "mcias", username);

async function rolesFor(username: string): Promise<string[]> {
  return rolesOf(core.storage.read, (await find(username))?.id ?? "");
}

/** All rows of all tables that a house can touch. */
async function everything(): Promise<unknown> {
  const tables = [
    "accounts",
    "identifiers",
    "subjects",
    "passwords",
    "factors",
    "account_roles",
    "settings",
    "audit_events",
  ] as const;
  return Promise.all(tables.map((table) => core.storage.read.selectFrom(table).selectAll().execute()));
}

const demo = {
  accounts: [
    { username: "alice", email: "alice@example.com", phone: "+15550100", handle: "al", password, roles: ["user"] },
    { username: "root", password, roles: ["admin"] },
    { username: "ingest", type: "system", roles: ["writer", "reader"] },
    { username: "otto", password, totp },
    { username: "gone", password, status: "inactive" },
  ],
  mcias: { profile: "extended" },
  realmid: {},
};

describe("an empty house", () => {
  test("becomes what the file says, told in sentences", async () => {
    expect(await apply(demo)).toEqual({
      changes: [
        "created account alice (human, role user)",
        "created account root (human, role admin)",
        "created account ingest (system, roles writer, reader)",
        "created account otto (human, no roles, TOTP)",
        "created account gone (human, no roles)",
        "deactivated gone",
        "stored the settings of mcias",
      ],
      unchanged: 0,
      notServed: ["realmid"],
      warnings: [],
      generated: false,
    });
    expect(await find("gone")).toMatchObject({ status: "inactive" });
    expect(await rolesFor("ingest")).toEqual(["reader", "writer"]);
    expect(await tryToSignIn(core)).toMatchObject({ outcome: "signed_in" });
    expect(await tryToSignIn(core, { username: "otto" })).toEqual({ outcome: "totp_required" });
    const bytes = decodeBase32(totp) ?? new Uint8Array();
    const code = totpCode(bytes, totpStep(core.clock.now()));
    expect(await tryToSignIn(core, { username: "otto", totpCode: code })).toMatchObject({ outcome: "signed_in" });
  });

  test("keeps what was done in the audit log, as the operator's", async () => {
    await apply(demo);
    const events = await audit(core);
    expect(new Set(events.map(({ wire, operation }) => `${wire} ${operation}`))).toEqual(new Set(["operator apply"]));
    expect(events.at(-1)).toMatchObject({ type: "house_applied", details: { changes: 7 } });
    expect(events.filter(({ type }) => type === "house_applied")).toHaveLength(1);
    expect(JSON.stringify(events)).not.toMatch(/example\.com|5550100|hash of|GEZDGNBV/);
  });
});

test("a house that is applied again changes nothing, hashes nothing and writes no event", async () => {
  await apply(demo);
  const before = await everything();
  const { hashed } = core.hashes.count;
  core.clock.advance(60_000);
  expect(await apply(demo)).toMatchObject({ changes: [], unchanged: 6 });
  expect(await everything()).toEqual(before);
  expect(core.hashes.count.hashed).toBe(hashed);
});

interface Change {
  readonly name: string;
  readonly before: object;
  readonly after: object;
  readonly changes: readonly string[];
  readonly events: readonly string[];
}

const alice = { username: "alice", password, roles: ["user"] };

const changes: readonly Change[] = [
  {
    name: "another password",
    before: alice,
    after: { ...alice, password: "another password" },
    changes: ["set the password of alice"],
    events: ["password_changed"],
  },
  {
    name: "a first password",
    before: { username: "alice" },
    after: { username: "alice", password },
    changes: ["set the password of alice"],
    events: ["password_changed"],
  },
  {
    name: "a second factor",
    before: alice,
    after: { ...alice, totp },
    changes: ["set the TOTP secret of alice"],
    events: ["totp_enrolled"],
  },
  {
    name: "another second factor",
    before: { ...alice, totp },
    after: { ...alice, totp: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" },
    changes: ["set the TOTP secret of alice"],
    events: ["totp_enrolled"],
  },
  {
    name: "other roles",
    before: alice,
    after: { ...alice, roles: ["auditor", "writer"] },
    changes: ["gave alice the roles auditor, writer", "took from alice the role user"],
    events: ["role_granted", "role_granted", "role_revoked"],
  },
  { name: "no word of roles", before: alice, after: { username: "alice" }, changes: [], events: [] },
  {
    name: "no roles",
    before: alice,
    after: { username: "alice", roles: [] },
    changes: ["took from alice the role user"],
    events: ["role_revoked"],
  },
  {
    name: "no longer active",
    before: alice,
    after: { ...alice, status: "inactive" },
    changes: ["deactivated alice"],
    events: ["account_updated"],
  },
  {
    name: "active again",
    before: { ...alice, status: "inactive" },
    after: { ...alice, status: "active" },
    changes: ["activated alice"],
    events: ["account_updated"],
  },
  {
    name: "no word of the status",
    before: { ...alice, status: "inactive" },
    after: alice,
    changes: [],
    events: [],
  },
  {
    name: "another address and a handle",
    before: { ...alice, email: "a@example.com" },
    after: { ...alice, email: "b@example.com", handle: "al" },
    changes: ["set the email of alice", "set the handle of alice"],
    events: ["account_updated", "account_updated"],
  },
  { name: "no word of an address", before: { ...alice, phone: "+15550100" }, after: alice, changes: [], events: [] },
];

describe("an account that is there gets", () => {
  test.each(changes)("$name", async ({ before, after, changes: expected, events }) => {
    await apply(accounts(before));
    const deed = await eventsOf(core, () => apply(accounts(after)));
    expect(deed.result.changes).toEqual(expected);
    expect(deed.events).toEqual(events.length === 0 ? [] : [...events, "house_applied"]);
    expect(await apply(accounts(after))).toMatchObject({ changes: [], unchanged: 1 });
  });

  test("with another password no token that is out", async () => {
    await apply(accounts(alice));
    const accountId = (await find("alice"))?.id ?? "";
    const now = core.clock.now();
    await core.storage.unit((tx) =>
      recordToken(tx, { jti: "t", accountId, wire: "mcias", issuer: "i", issuedAt: now, expiresAt: now + 1_000 }),
    );
    const lives = async () => (await tokenLookup(core.storage, "mcias")("t")) !== undefined;
    await apply(accounts(alice));
    expect(await lives()).toBe(true);
    await apply(accounts({ ...alice, password: "another password" }));
    expect(await lives()).toBe(false);
  });
});

describe("one file can", () => {
  test("hand the house over to another administrator", async () => {
    await apply(accounts({ username: "root", password, roles: ["admin"] }));
    await apply(accounts({ username: "root", roles: [], status: "inactive" }, { username: "toor", roles: ["admin"] }));
    expect(await rolesFor("root")).toEqual([]);
    expect(await rolesFor("toor")).toEqual(["admin"]);
  });

  test("swap the addresses of two accounts", async () => {
    const pair = (a: string, b: string) => accounts({ username: "alice", email: a }, { username: "bob", email: b });
    await apply(pair("one@example.com", "two@example.com"));
    expect((await apply(pair("two@example.com", "one@example.com"))).changes).toEqual([
      "set the email of alice",
      "set the email of bob",
    ]);
  });
});

describe("a house is refused as a whole", () => {
  test.each<[string, object, object, string, string]>([
    [
      "where two accounts have one address",
      accounts({ username: "alice", email: "a@example.com" }),
      accounts({ username: "new" }, { username: "bob", email: "A@example.com" }),
      "house_conflict",
      "the email of bob is the one of alice already",
    ],
    [
      "where an account would become of another type",
      accounts({ username: "alice" }),
      accounts({ username: "new" }, { username: "alice", type: "system" }),
      "house_conflict",
      "the account alice is a human account",
    ],
    [
      "where the last administrator would lose the role",
      accounts({ username: "root", roles: ["admin"] }),
      accounts({ username: "new" }, { username: "root", roles: [] }),
      "last_administrator",
      "root is the last administrator",
    ],
    [
      "where the last administrator would become inactive",
      accounts({ username: "root", roles: ["admin"] }),
      accounts({ username: "new" }, { username: "root", status: "inactive" }),
      "last_administrator",
      "root is the last administrator",
    ],
    [
      "where the last administrator would become a system account's role",
      accounts({ username: "root", roles: ["admin"] }),
      accounts({ username: "robot", type: "system", roles: ["admin"] }, { username: "root", roles: [] }),
      "last_administrator",
      "root is the last administrator",
    ],
    [
      "where something is to be generated and there is no file for it",
      accounts({ username: "alice" }),
      accounts({ username: "new" }, { username: "alice", password: { generate: true } }),
      "credentials_missing",
      "secrets of alice are to be generated",
    ],
  ])("%s", async (_, before, after, code, message) => {
    await apply(before);
    const rows = await everything();
    for (const options of [{}, { dryRun: true }]) {
      const failure = expect(apply(after, options)).rejects;
      await failure.toMatchObject({ code, message: expect.stringContaining(message), help: expect.any(String) });
      expect(await everything()).toEqual(rows);
    }
  });

  test("where a name belonged to an account that was deleted", async () => {
    await apply(accounts({ username: "alice" }));
    const subject = (await find("alice"))?.subject ?? "";
    await core.storage.unit((tx) => setStatus(tx, origin, core.clock.now(), "mcias", subject, "deleted"));
    await expect(apply(accounts({ username: "alice" }))).rejects.toMatchObject({
      code: "house_conflict",
      message: expect.stringContaining("alice was deleted"),
    });
  });
});

describe("a dry run", () => {
  test("reports the same and writes nothing", async () => {
    const rows = await everything();
    const told = await apply(demo, { dryRun: true });
    expect(await everything()).toEqual(rows);
    expect(core.hashes.count.hashed).toBe(0);
    expect(await apply(demo)).toEqual(told);
  });

  test("generates nothing and writes no file", async () => {
    const house = accounts({ username: "alice", password: { generate: true }, totp: { generate: true } });
    const random = () => {
      throw new Error("nothing may be generated");
    };
    const told = await applyHouse({ ...core, random }, await loadHouse(house), { dryRun: true, credentialsOut });
    expect(told).toMatchObject({ changes: ["created account alice (human, no roles, TOTP)"], generated: true });
    expect(existsSync(credentialsOut)).toBe(false);
  });
});

interface Written {
  readonly accounts: Readonly<Record<string, { readonly password?: string; readonly totp?: string }>>;
}

const written = () => JSON.parse(readFileSync(credentialsOut, "utf8")) as Written;

describe("what is generated", () => {
  const house = accounts({ username: "alice", password: { generate: true }, totp: { generate: true } });

  test("is written once, for its owner alone, and signs in", async () => {
    expect(await apply(house, { credentialsOut })).toMatchObject({ generated: true });
    expect(statSync(credentialsOut).mode & 0o777).toBe(0o600);
    const { password: generated = "", totp: secret = "" } = written().accounts["alice"] ?? {};
    expect(generated).toMatch(/^[A-Za-z0-9_-]{27}$/);
    const code = totpCode(decodeBase32(secret) ?? new Uint8Array(), totpStep(core.clock.now()));
    expect(await tryToSignIn(core, { password: generated, totpCode: code })).toMatchObject({ outcome: "signed_in" });
  });

  test("is not generated again, and needs no file then", async () => {
    await apply(house, { credentialsOut });
    rmSync(credentialsOut);
    expect(await apply(house)).toMatchObject({ changes: [], unchanged: 1, generated: false });
    expect(await apply(house, { credentialsOut })).toMatchObject({ generated: false });
    expect(existsSync(credentialsOut)).toBe(false);
  });

  test("takes the place of nothing that an account has already", async () => {
    await apply(accounts({ username: "alice", password }));
    await apply(house, { credentialsOut });
    expect(Object.keys(written().accounts["alice"] ?? {})).toEqual(["totp"]);
  });

  test("joins what stands in the file", async () => {
    const present = { accounts: { alice: { note: "kept" }, bob: { password: "b" } }, realmid: { demo: {} } };
    writeFileSync(credentialsOut, JSON.stringify(present), { mode: 0o644 });
    await apply(house, { credentialsOut });
    expect(written()).toEqual({
      ...present,
      accounts: {
        bob: { password: "b" },
        alice: { note: "kept", password: expect.any(String), totp: expect.any(String) },
      },
    });
    expect(statSync(credentialsOut).mode & 0o777).toBe(0o600);
  });

  test("is on the disk before the unit, and gone where the unit refused", async () => {
    const clash = accounts({ username: "alice", password: { generate: true } }, { username: "bob", email: "a@b" });
    await apply(accounts({ username: "carol", email: "a@b" }));
    let before: boolean | undefined;
    const storage = {
      ...core.storage,
      unit: <T>(work: Parameters<typeof core.storage.unit<T>>[0]) => {
        before = existsSync(credentialsOut);
        return core.storage.unit(work);
      },
    };
    await expect(applyHouse({ ...core, storage }, await loadHouse(clash), { credentialsOut })).rejects.toMatchObject({
      code: "house_conflict",
    });
    expect(before).toBe(true);
    expect(existsSync(credentialsOut)).toBe(false);

    writeFileSync(credentialsOut, "{}");
    await expect(apply(clash, { credentialsOut })).rejects.toMatchObject({ code: "house_conflict" });
    expect(readFileSync(credentialsOut, "utf8")).toBe("{}");
  });

  test("stays where nobody can say whether the unit was stored", async () => {
    const storage = {
      ...core.storage,
      unit: async <T>(work: Parameters<typeof core.storage.unit<T>>[0]) => {
        await core.storage.unit(work);
        throw new Error("the disk went away");
      },
    };
    await expect(applyHouse({ ...core, storage }, await loadHouse(house), { credentialsOut })).rejects.toThrow("disk");
    expect(written().accounts["alice"]).toBeDefined();
  });

  test.each([
    ["holds something else", "[]"],
    ["is no JSON", "hello"],
  ])("is refused a file that %s, and nothing is changed", async (_, content) => {
    writeFileSync(credentialsOut, content);
    await expect(apply(house, { credentialsOut })).rejects.toMatchObject({ code: "credentials_unwritable" });
    expect(readFileSync(credentialsOut, "utf8")).toBe(content);
    expect(await find("alice")).toBeUndefined();
  });
});

test("an account that appears while a house is applied stops it", async () => {
  const house = await loadHouse(accounts({ username: "alice", password }));
  const hashes = {
    ...core.hashes,
    hash: async (...given: Parameters<typeof core.hashes.hash>) => {
      await apply(accounts({ username: "alice" }));
      return core.hashes.hash(...given);
    },
  };
  await expect(applyHouse({ ...core, hashes }, house)).rejects.toMatchObject({ code: "house_conflict" });
});
