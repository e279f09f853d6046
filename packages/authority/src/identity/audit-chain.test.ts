import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import type { PublicJwk } from "../keys/signing.js";
import type { Storage, Tx } from "../storage/storage.js";
import { auditKeyLine } from "./audit-chain.js";
import { createAuditSealer, type AuditSealer } from "./audit-sealer.js";
import { verifyAudit, type VerificationOptions } from "./audit-verification.js";
import { record } from "./audit.js";
import { openCore, origin, type TestCore } from "./core.test.support.js";
import { openSigningKeys, type SigningKeys } from "./signing-keys.js";

interface Log extends TestCore {
  readonly keys: SigningKeys;
  readonly sealer: AuditSealer;
}

/** A house whose log is sealed through `kind` of database. */
async function openLog(kind: Storage["kind"] = "sqlite"): Promise<Log> {
  const core = await openCore();
  const keys = await openSigningKeys(core, origin, core.clock.now(), auditKeyLine);
  const storage: Storage = { ...core.storage, read: core.storage.read, kind };
  return { ...core, storage, keys, sealer: createAuditSealer({ storage, keys, clock: core.clock }) };
}

/** A log of three seals of ten events each. The first event says that the audit key was made. */
async function threeSeals(): Promise<Log> {
  const log = await openLog();
  await write(log, 9);
  for (const more of [10, 10, 0]) {
    await log.sealer.seal();
    await write(log, more);
  }
  return log;
}

async function write({ storage, clock }: Log, count: number): Promise<void> {
  await storage.unit(async (tx) => {
    for (let at = 0; at < count; at += 1) {
      await record(tx, origin, clock.now(), { type: "login_fail", details: { at } });
    }
  });
}

function verify(log: Log, options: Partial<VerificationOptions> = {}) {
  return verifyAudit(log.storage.read, { keys: [log.keys.publicKey], ...options });
}

async function faultsIn(log: Log, options: Partial<VerificationOptions> = {}): Promise<string[]> {
  return (await verify(log, options)).findings.map(({ fault, text }) => `${fault}: ${text}`);
}

/** What somebody does who may write to the database: the triggers first. */
async function tamper({ storage }: Log, work: (tx: Tx) => Promise<unknown>): Promise<void> {
  await storage.unit(async (tx) => {
    for (const table of ["audit_events", "audit_seals"]) {
      for (const change of ["update", "delete"]) {
        await sql`drop trigger ${sql.id(`${table}_no_${change}`)}`.execute(tx);
      }
    }
    await work(tx);
  });
}

const sealsOf = ({ storage }: Log) => storage.read.selectFrom("audit_seals").selectAll().orderBy("number").execute();

describe("sealing", () => {
  test("every event is sealed once, in batches, each seal following the one before", async () => {
    const log = await openLog();
    await write(log, 599);
    expect(await log.sealer.seal()).toBe(600);
    expect(await log.sealer.seal()).toBe(0);
    await write(log, 1);
    expect(await log.sealer.seal()).toBe(1);
    const seals = await sealsOf(log);
    expect(seals.map(({ number, ids, count }) => ({ number, ids, count }))).toEqual([
      { number: 1, ids: "1-250", count: 250 },
      { number: 2, ids: "251-500", count: 250 },
      { number: 3, ids: "501-600", count: 100 },
      { number: 4, ids: "601", count: 1 },
    ]);
    expect(seals.map(({ previous }) => previous)).toEqual(["", ...seals.slice(0, 3).map(({ digest }) => digest)]);
    expect(await verify(log)).toEqual({
      seals: 4,
      provenEvents: 601,
      findings: [],
      head: { number: 4, digest: seals[3]?.digest },
    });
  });

  test("of two that seal at once, one wins, and the chain stays whole", async () => {
    const log = await openLog();
    await write(log, 700);
    const other = createAuditSealer({ storage: log.storage, keys: log.keys, clock: log.clock });
    await Promise.all([log.sealer.seal(), other.seal()]);
    await log.sealer.seal();
    expect(await verify(log)).toMatchObject({ provenEvents: 701, findings: [] });
  });

  test("events that are not sealed yet are told apart from those that are proven", async () => {
    const log = await openLog();
    await log.sealer.seal();
    await write(log, 3);
    expect(await verify(log)).toMatchObject({ seals: 1, provenEvents: 1, findings: [], unsealed: "2-4" });
  });

  test("the database itself refuses to change or remove a seal", async () => {
    const log = await threeSeals();
    const change = log.storage.unit((tx) => tx.updateTable("audit_seals").set({ count: 1 }).execute());
    await expect(change).rejects.toMatchObject({ code: "constraint_violated" });
    const removal = log.storage.unit((tx) => tx.deleteFrom("audit_seals").execute());
    await expect(removal).rejects.toMatchObject({ code: "constraint_violated" });
  });
});

describe("where a lower id can appear after a higher one", () => {
  const minute = 60_000;

  async function writeAs(log: Log, id: number): Promise<void> {
    await log.storage.unit((tx) =>
      sql`insert into audit_events (id, at, type, wire, operation, details)
        values (${id}, ${log.clock.now()}, 'login_ok', 'mcias', 'test', '{}')`.execute(tx),
    );
  }

  test("an event is sealed when it has been there for a minute, so that what was given a lower id is there too", async () => {
    const log = await openLog("postgres");
    await writeAs(log, 5);
    expect(await log.sealer.seal()).toBe(0);
    log.clock.advance(minute - 1);
    await writeAs(log, 3);
    expect(await log.sealer.seal()).toBe(0);
    log.clock.advance(1);
    expect(await log.sealer.seal()).toBe(3);
    expect((await sealsOf(log)).map(({ ids }) => ids)).toEqual(["1,3,5"]);
    expect(await faultsIn(log)).toEqual([]);
  });

  test("an event that comes later still is sealed by itself, and is not taken for an addition", async () => {
    const log = await openLog("postgres");
    await writeAs(log, 5);
    await log.sealer.seal();
    log.clock.advance(minute);
    await log.sealer.seal();
    await writeAs(log, 3);
    await writeAs(log, 6);
    expect(await faultsIn(log)).toHaveLength(1);
    await log.sealer.seal();
    log.clock.advance(minute);
    await log.sealer.seal();
    expect((await sealsOf(log)).map(({ ids }) => ids)).toEqual(["1,5", "3", "6"]);
    expect(await verify(log)).toMatchObject({ provenEvents: 4, findings: [] });
  });

  test("ids that were given to units which were undone are no gap", async () => {
    const log = await openLog("postgres");
    for (const id of [4, 8, 9]) await writeAs(log, id);
    await log.sealer.seal();
    log.clock.advance(minute);
    expect(await log.sealer.seal()).toBe(4);
    expect(await verify(log)).toMatchObject({ provenEvents: 4, findings: [] });
  });
});

describe("what somebody did who may write to the database is found", () => {
  /** The columns of an event: a change of each is found. */
  const changes = {
    at: 1,
    type: "login_ok",
    wire: "operator",
    operation: "another",
    actor_id: "mallory",
    target_id: "mallory",
    address: "203.0.113.9",
    request_id: "another",
    details: "{}",
  };

  test.each(Object.entries(changes))("an event whose %s was changed", async (column, value) => {
    const log = await threeSeals();
    await tamper(log, (tx) => sql`update audit_events set ${sql.id(column)} = ${value} where id = 15`.execute(tx));
    expect(await faultsIn(log)).toEqual(["events_changed: Of events 11-20 at least one was changed (seal 2)."]);
    expect(await verify(log)).toMatchObject({ provenEvents: 20 });
  });

  test.each([
    ["in the midst", 15, "Event 15 is missing (seal 2)."],
    ["at the start", 1, "Event 1 is missing (seal 1)."],
    ["the last one that was sealed", 30, "Event 30 is missing (seal 3)."],
  ])("an event that was dropped %s", async (_, id, text) => {
    const log = await threeSeals();
    await tamper(log, (tx) => sql`delete from audit_events where id = ${id}`.execute(tx));
    expect(await faultsIn(log)).toEqual([`events_missing: ${text}`]);
  });

  test("events that have changed places", async () => {
    const log = await threeSeals();
    await tamper(log, async (tx) => {
      for (const [from, to] of [
        [15, 99],
        [16, 15],
        [99, 16],
      ]) {
        await sql`update audit_events set id = ${to} where id = ${from}`.execute(tx);
      }
    });
    expect(await faultsIn(log)).toEqual(["events_changed: Of events 11-20 at least one was changed (seal 2)."]);
  });

  test.each([0, -7])("an event that was added with the id %i", async (id) => {
    const log = await threeSeals();
    await tamper(log, (tx) =>
      sql`insert into audit_events (id, at, type, wire, operation, details)
        values (${id}, 1, 'login_ok', 'mcias', 'login', '{}')`.execute(tx),
    );
    expect(await faultsIn(log)).toEqual([expect.stringMatching(/^events_unsealed: Event/)]);
  });

  test("an event that was added to a batch, with the seal made to cover it", async () => {
    const log = await openLog("postgres");
    await log.sealer.seal();
    log.clock.advance(60_000);
    await log.sealer.seal();
    await tamper(log, async (tx) => {
      await sql`insert into audit_events (id, at, type, wire, operation, details)
        values (2, 1, 'login_ok', 'mcias', 'login', '{}')`.execute(tx);
      await sql`update audit_seals set ids = '1-2', count = 2, last_id = 2`.execute(tx);
    });
    expect(await faultsIn(log)).toEqual(["seal_changed: Seal 1 was changed: its signature is wrong."]);
  });

  test.each(["first_id", "last_id", "count", "sealed_at"])("a seal whose %s was changed", async (column) => {
    const log = await threeSeals();
    await tamper(log, (tx) =>
      sql`update audit_seals set ${sql.id(column)} = ${sql.id(column)} + 1 where number = 3`.execute(tx),
    );
    expect(await faultsIn(log)).toEqual(["seal_changed: Seal 3 was changed: its signature is wrong."]);
  });

  test.each(["ids", "previous", "digest", "signature"])("a seal whose %s is another's", async (column) => {
    const log = await threeSeals();
    await tamper(log, (tx) =>
      sql`update audit_seals set ${sql.id(column)} = (select ${sql.id(column)} from audit_seals where number = 1)
        where number = 3`.execute(tx),
    );
    expect(await faultsIn(log)).toContain("seal_changed: Seal 3 was changed: its signature is wrong.");
  });

  test("a seal in the midst that was dropped, and what it covered", async () => {
    const log = await threeSeals();
    await tamper(log, (tx) => sql`delete from audit_seals where number = 2`.execute(tx));
    expect(await faultsIn(log)).toEqual([
      "seals_missing: Seal 2 is missing.",
      "events_unsealed: Events 11-20 are not sealed, though later ones are: added, or their seal was taken away.",
    ]);
  });

  test("the first seals that were dropped with their events", async () => {
    const log = await threeSeals();
    await tamper(log, async (tx) => {
      await sql`delete from audit_seals where number < 3`.execute(tx);
      await sql`delete from audit_events where id <= 20`.execute(tx);
    });
    expect(await faultsIn(log)).toEqual(["seals_missing: Seals 1 to 2 are missing."]);
  });

  test("seals that have changed places", async () => {
    const log = await threeSeals();
    await tamper(log, async (tx) => {
      for (const [from, to] of [
        [2, 99],
        [3, 2],
        [99, 3],
      ]) {
        await sql`update audit_seals set number = ${to} where number = ${from}`.execute(tx);
      }
    });
    expect(await faultsIn(log)).toEqual(
      expect.arrayContaining([
        "seal_changed: Seal 2 was changed: its signature is wrong.",
        "seal_changed: Seal 3 was changed: its signature is wrong.",
      ]),
    );
  });

  test("a seal of the same key that was made from other events and put in a seal's place", async () => {
    const log = await threeSeals();
    const twin = await threeSeals();
    const forger = createAuditSealer({ storage: twin.storage, keys: log.keys, clock: twin.clock });
    await write(twin, 10);
    await forger.seal();
    const foreign = (await sealsOf(twin)).at(-1)!;
    await write(log, 10);
    await log.storage.unit((tx) => tx.insertInto("audit_seals").values(foreign).execute());
    expect(await faultsIn(log)).toContain(
      "seal_moved: Seal 4 does not follow the one before it: one of them was put there later.",
    );
  });

  test("a log that was written anew and sealed with a key that is not the audit key", async () => {
    const log = await threeSeals();
    const forged = await threeSeals();
    const findings = await faultsIn({ ...forged, keys: log.keys });
    expect(findings.slice(0, 3)).toEqual(
      [1, 2, 3].map((number) => `key_unknown: Seal ${number} is signed by a key that is not the audit key.`),
    );
    expect(await verify(forged, { keys: [] as PublicJwk[] })).toMatchObject({ provenEvents: 0 });
  });

  test("an end that was cut off: by the id that the database gives next, and by a head that was noted", async () => {
    const log = await threeSeals();
    const { head } = await verify(log);
    const highestId = async () => {
      const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence where name = 'audit_events'`.execute(
        log.storage.read,
      );
      return rows[0]!.seq;
    };
    expect(await faultsIn(log, { head: head!, highestId: await highestId() })).toEqual([]);
    await tamper(log, async (tx) => {
      await sql`delete from audit_seals where number = 3`.execute(tx);
      await sql`delete from audit_events where id > 20`.execute(tx);
    });
    expect(await faultsIn(log), "without either there is nothing to go by").toEqual([]);
    expect(await faultsIn(log, { highestId: await highestId() })).toEqual([
      "log_cut: The end of the log was cut off: events 21 to 30 are missing.",
    ]);
    expect(await faultsIn(log, { head: head! })).toEqual([
      "log_cut: Seal 3 is not the one that was noted: the log was cut, or written anew.",
    ]);
  });
});
