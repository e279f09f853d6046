import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@cardea/authority";
import { MciasClient } from "@cardea/mcias";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
// An attacker needs no authority: a shell for the database will do.
import { digestOf, statementOf, type Seal, type StoredEvent } from "../packages/authority/dist/identity/audit-chain.js";
import { thumbprint } from "../packages/authority/dist/keys/signing.js";
import { SqliteConnection } from "../packages/authority/dist/storage/sqlite/database.js";
import { loadEngine } from "../packages/authority/dist/storage/sqlite/provider.js";
import { cardea } from "./cardea.js";
import { passwords, usualHouse } from "./mcias/house.js";

let folder: string;
let dataFolder: string;
let keyFile: string;
/** A copy of the stopped database, for each test. */
let copy: string;
let events: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cardea-audit-"));
  dataFolder = join(folder, "data");
  keyFile = join(folder, "audit-key.json");
  // Each run of the authority ends with a seal.
  for (const wrong of ["one", "two", "three"]) {
    const authority = await startAuthority({ dataFolder, house: usualHouse(), port: 0 });
    const caCert = await readFile(authority.caCert as string, "utf8");
    const client = new MciasClient({ serverUrl: authority.urls["mcias"] as string, caCert });
    await client.login("alice", passwords.alice);
    await client.login("alice", wrong).catch(() => undefined);
    await authority.close();
  }
  await writeFile(keyFile, (await cardea(["audit", "key", "--data", dataFolder])).out);
  events = Number(
    (await onDatabase(join(dataFolder, "cardea.db"), "select count(*) as n from audit_events"))[0]?.["n"],
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

// A folder each: an engine may let go of its files later.
beforeEach(async () => {
  copy = join(await mkdtemp(join(folder, "copy-")), "cardea.db");
  await copyFile(join(dataFolder, "cardea.db"), copy);
});

type Row = Record<string, unknown>;

/** Runs raw SQL, one statement after the other. @returns the rows of the last */
async function onDatabase(path: string, ...statements: readonly (string | readonly [string, ...unknown[]])[]) {
  const connection = new SqliteConnection(await loadEngine(), path, 0);
  try {
    let rows: unknown[] = [];
    for (const statement of statements) {
      const [text, ...parameters] = typeof statement === "string" ? [statement] : statement;
      rows = connection.execute(text, parameters).rows;
    }
    return rows as Row[];
  } finally {
    connection.close();
  }
}

const withoutTriggers = ["audit_events", "audit_seals"].flatMap((table) =>
  ["update", "delete"].map((change) => `drop trigger ${table}_no_${change}`),
);

const tamper = (...statements: readonly (string | readonly [string, ...unknown[]])[]) =>
  onDatabase(copy, ...withoutTriggers, ...statements);

/** Of the copy, by the key that was kept elsewhere. */
const verify = (...more: string[]) =>
  cardea(["audit", "verify", "--database", copy, "--key", keyFile, ...more], folder);

describe("cardea audit verify", () => {
  test("a log that nobody has touched is whole, and says so in two lines", async () => {
    const { code, out } = await verify();
    expect(out).toMatch(
      new RegExp(`^The audit log is whole: ${events} events under 3 seals\\.\nHead: 3:[0-9a-f]{64}\n$`),
    );
    expect(code).toBe(0);
  });

  test("beside its master key no other key is needed", async () => {
    expect(await cardea(["audit", "verify", "--data", dataFolder])).toMatchObject({
      code: 0,
      out: expect.not.stringContaining("Not proved") as string,
    });
  });

  test("of a copy alone it says what it cannot prove", async () => {
    const { code, out } = await cardea(["audit", "verify", "--database", copy], folder);
    expect(code).toBe(0);
    expect(out).toContain("Not proved: who has sealed it, since the key is the database's own. Give --key FILE.");
  });

  test("it leaves the database as it was", async () => {
    const digest = async () =>
      createHash("sha256")
        .update(await readFile(copy))
        .digest("hex");
    const before = await digest();
    await verify();
    expect(await digest()).toBe(before);
  });

  test.each([
    [
      "an event that was changed",
      ["update audit_events set target_id = 'mallory' where id = 3"],
      /at least one was changed/,
    ],
    ["an event that was dropped", ["delete from audit_events where id = 3"], /Event 3 is missing \(seal 1\)/],
    [
      "events that have changed places",
      [
        "update audit_events set id = 9999 where id = 2",
        "update audit_events set id = 2 where id = 3",
        "update audit_events set id = 3 where id = 9999",
      ],
      /at least one was changed/,
    ],
    [
      "an event that was added among others",
      [
        "insert into audit_events (id, at, type, wire, operation, details) values (0, 1, 'login_ok', 'mcias', 'x', '{}')",
      ],
      /Event 0 is not sealed, though later ones are/,
    ],
    [
      "a seal that was changed",
      ["update audit_seals set sealed_at = sealed_at - 1 where number = 2"],
      /Seal 2 was changed/,
    ],
    ["a seal that was dropped", ["delete from audit_seals where number = 2"], /Seal 2 is missing/],
    [
      "an end that was cut off",
      [
        "delete from audit_events where id > (select last_id from audit_seals where number = 2)",
        "delete from audit_seals where number = 3",
      ],
      /The end of the log was cut off/,
    ],
    ["all seals gone", ["delete from audit_seals"], /There is no seal, so nothing is proved/],
  ])("%s is found", async (_, statements, says) => {
    await tamper(...statements);
    const { code, out } = await verify();
    expect(out).toMatch(says);
    expect(code).toBe(1);
  });

  test("an end that was cut off with the counter set back is found by a head that was noted", async () => {
    const head = /Head: (\S+)/.exec((await verify()).out)?.[1] ?? "";
    expect(await verify("--head", head)).toMatchObject({ code: 0 });
    await tamper(
      "delete from audit_events where id > (select last_id from audit_seals where number = 2)",
      "delete from audit_seals where number = 3",
      "update sqlite_sequence set seq = (select max(id) from audit_events) where name = 'audit_events'",
    );
    expect(await verify(), "without it there is nothing to go by").toMatchObject({ code: 0 });
    const { code, out } = await verify("--head", head);
    expect(out).toContain("Seal 3 is not the one that was noted: the log was cut, or written anew.");
    expect(code).toBe(1);
  });

  test("events after the last seal are named as not proved", async () => {
    await tamper("delete from audit_seals where number = 3");
    const { out } = await verify();
    expect(out).toMatch(new RegExp(`Not proved: events \\d+-${events}, which no seal covers\\.`));
  });

  test("a log that was written anew under another key is found by the key, or the master key", async () => {
    await writeAnew();
    const alone = await cardea(["audit", "verify", "--database", copy], folder);
    expect(alone, "the copy alone tells nothing").toMatchObject({ code: 0 });
    const byMaster = await cardea(["audit", "verify", "--database", copy, "--data", dataFolder]);
    for (const { code, out } of [await verify(), byMaster]) {
      expect(code).toBe(1);
      expect(out).toContain("Seal 1 is signed by a key that is not the audit key.");
    }
  });

  /** Changes an event and makes a whole chain over it, with an audit key of the attacker's own. */
  async function writeAnew(): Promise<void> {
    const { privateKey } = generateKeyPairSync("ed25519");
    const { kty = "", crv = "", x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
    const kid = thumbprint({ kty, crv, x });
    await tamper("update audit_events set details = '{}' where id = 3", [
      "update signing_keys set kid = ?, public_jwk = ? where wire = 'audit'",
      kid,
      JSON.stringify({ kty, crv, x }),
    ]);
    let previous = "";
    for (const row of await onDatabase(copy, "select * from audit_seals order by number")) {
      const seal = row as unknown as Seal;
      const rows = await onDatabase(copy, [
        "select * from audit_events where id between ? and ? order by id",
        seal.first_id,
        seal.last_id,
      ]);
      const digest = digestOf(previous, rows as unknown as StoredEvent[]);
      const statement = statementOf({ ...seal, previous, digest, kid });
      await onDatabase(copy, [
        "update audit_seals set previous = ?, digest = ?, kid = ?, signature = ? where number = ?",
        previous,
        digest,
        kid,
        sign(null, statement, privateKey).toString("base64url"),
        seal.number,
      ]);
      previous = digest;
    }
  }

  test("another house's master key is refused, and never passed over", async () => {
    const other = join(folder, "other");
    await (await startAuthority({ dataFolder: other, port: 0 })).close();
    const { code, err } = await cardea(["audit", "verify", "--database", copy, "--data", other]);
    expect(code).toBe(1);
    expect(err).toContain("the master key does not open the data key");
  });

  test("a key file that holds no key is refused in a sentence", async () => {
    await writeFile(join(folder, "no-key.json"), "{}");
    const { code, err } = await cardea(["audit", "verify", "--database", copy, "--key", join(folder, "no-key.json")]);
    expect(code).toBe(1);
    expect(err).toContain("expected a public key as JWK");
  });

  test("for programs the same comes as JSON", async () => {
    await tamper("delete from audit_events where id = 3");
    const { code, out } = await verify("--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      seals: 3,
      keyFrom: "file",
      findings: [{ fault: "events_missing", text: "Event 3 is missing (seal 1)." }],
    });
  });
});

describe("cardea audit list", () => {
  test("it prints the newest events, one a line", async () => {
    const { code, out } = await cardea(["audit", "list", "--database", copy, "--limit", "2"], folder);
    expect(code).toBe(0);
    const [first, last, rest] = out.split("\n");
    expect(first).toMatch(/^ +\d+ {2}\S+Z {2}token_issued {2}mcias login {2}/);
    expect(last).toMatch(new RegExp(`^ +${events} {2}\\S+Z {2}login_fail {2}mcias login {2}.*from=127\\.0\\.0\\.1`));
    expect(rest).toBe("");
  });

  test("as JSON each line is an event", async () => {
    const { out } = await cardea(["audit", "list", "--database", copy, "--json", "--limit", "1000"], folder);
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
    expect(lines).toHaveLength(events);
    expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: events }, (_, at) => at + 1));
    expect(lines.at(-1)).toMatchObject({ type: "login_fail", wire: "mcias", operation: "login", address: "127.0.0.1" });
  });

  test("it begins where it is told", async () => {
    const { out } = await cardea(["audit", "list", "--database", copy, "--since", "2999-01-01"], folder);
    expect(out).toBe("");
  });

  test("what strangers wrote cannot steer a terminal", async () => {
    await onDatabase(copy, [
      "insert into audit_events (at, type, wire, operation, details) values (1, 'login_fail', 'mcias', 'login', ?)",
      JSON.stringify({ name: "\u001b[2J\u0007" }),
    ]);
    const { out } = await cardea(["audit", "list", "--database", copy, "--limit", "1"], folder);
    expect([...out.trimEnd()].filter((character) => character < " ")).toEqual([]);
    expect(out).toContain('name="\\u001b[2J\\u0007"');
  });
});
