import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Tx } from "../storage.js";
import { databases, macrotask, microtasks, openAt } from "../storage.test.support.js";
import type { SqliteConnection, SqliteResult } from "./database.js";
import { Units, type Durability } from "./units.js";

const sqliteFile = databases.filter(([name]) => name.startsWith("sqlite file"));

async function put(tx: Tx, name: string, value = "x"): Promise<void> {
  await tx.insertInto("settings").values({ name, value }).execute();
}

/** Breaks a foreign key that is looked at no sooner than at COMMIT: what fails is the commit of the whole group. */
async function spoilCommit(tx: Tx): Promise<void> {
  await sql`pragma defer_foreign_keys = on`.execute(tx);
  await tx.insertInto("account_roles").values({ account_id: "nobody", role: "admin" }).execute();
}

test.each(sqliteFile)("%s: where the commit fails the units run again, and only the culprit fails", async (_, open) => {
  await using lent = await open();
  let runs = 0;
  const results = await Promise.allSettled([
    lent.storage.unit(async (tx) => {
      runs += 1;
      await put(tx, "before");
    }),
    lent.storage.unit(spoilCommit),
    lent.storage.unit((tx) => put(tx, "after")),
  ]);
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { code: "constraint_violated" } });
  expect(runs).toBe(2);
  const rows = await lent.storage.read.selectFrom("settings").select("name").orderBy("name").execute();
  expect(rows).toEqual([{ name: "after" }, { name: "before" }]);
});

test.each(sqliteFile)("%s: where the disk is full only the unit that needs more fails", async (_, open) => {
  await using lent = await open();
  const pages = await sql<{ page_count: number }>`pragma page_count`.execute(lent.storage.read);
  const limit = (pages.rows[0]?.page_count ?? 0) + 2;
  await lent.storage.unit((tx) => sql`pragma max_page_count = ${sql.lit(limit)}`.execute(tx));
  let swallowed: unknown;
  const results = await Promise.allSettled([
    lent.storage.unit((tx) => put(tx, "small")),
    lent.storage.unit(async (tx) => {
      await put(tx, "large", "x".repeat(100_000)).catch((error: unknown) => (swallowed = error));
      await put(tx, "outside of any transaction");
    }),
    lent.storage.unit((tx) => put(tx, "small too")),
  ]);
  expect(swallowed).toMatchObject({ code: "storage_full", retryable: true });
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { code: "storage_full" } });
  const rows = await lent.storage.read.selectFrom("settings").select("name").orderBy("name").execute();
  expect(rows).toEqual([{ name: "small" }, { name: "small too" }]);
});

/** A connection that only takes notes, and fails where it is told to. */
function notedConnection(fails: (sql: string, nth: number) => boolean) {
  const statements: string[] = [];
  let inTransaction = false;
  const connection = {
    get inTransaction() {
      return inTransaction;
    },
    execute(text: string): SqliteResult {
      statements.push(text);
      if (fails(text, statements.filter((one) => one === text).length)) throw new Error(`${text} failed`);
      if (text === "begin immediate") inTransaction = true;
      if (text === "commit" || text === "rollback") inTransaction = false;
      return { rows: [] };
    },
  };
  return { statements, connection: connection as SqliteConnection };
}

const told: Durability = { check() {}, hold() {}, release() {}, reach: async () => {}, tidy: async () => {} };
const limits = { queued: 100, grouped: 100 };

test("the units of one turn share one begin and one commit", async () => {
  const { statements, connection } = notedConnection(() => false);
  const units = new Units(connection, told, limits);
  await Promise.all([1, 2, 3].map((n) => units.run(async () => n)));
  expect(statements).toEqual([
    "begin immediate",
    ...["savepoint unit", "release unit", "savepoint unit", "release unit", "savepoint unit", "release unit"],
    "commit",
  ]);
});

test("a group is cut at its limit, and nobody is forgotten", async () => {
  const { statements, connection } = notedConnection(() => false);
  const units = new Units(connection, told, { queued: 100, grouped: 2 });
  expect(await Promise.all([1, 2, 3, 4, 5].map((n) => units.run(async () => n)))).toEqual([1, 2, 3, 4, 5]);
  expect(statements.filter((text) => text === "commit")).toHaveLength(3);
});

test("no unit is told that it is done before the commit", async () => {
  const { statements, connection } = notedConnection(() => false);
  const units = new Units(connection, told, limits);
  await Promise.all([1, 2].map((n) => units.run(async () => n).then(() => expect(statements.at(-1)).toBe("commit"))));
  expect.assertions(2);
});

test("no unit is told that it is done before it is durable, and no other one runs until then", async () => {
  const { statements, connection } = notedConnection(() => false);
  const notes: string[] = [];
  let reached = () => {};
  const durability: Durability = {
    ...told,
    hold: () => void notes.push(`hold after ${statements.at(-1)}`),
    reach: () => new Promise((resolve) => (reached = resolve)),
    tidy: async (units) => void notes.push(`tidy after ${units}`),
  };
  const units = new Units(connection, durability, limits);
  const first = units.run(async () => 1).then(() => notes.push("told"));
  await macrotask();
  const second = units.run(async () => 2);
  await macrotask();
  expect(notes).toEqual(["hold after release unit"]);
  expect(statements.filter((text) => text === "begin immediate")).toHaveLength(1);
  reached();
  await first;
  await macrotask();
  reached();
  expect(await second).toBe(2);
  expect(notes.slice(1)).toEqual(expect.arrayContaining(["told", "tidy after 1"]));
});

test("where nobody knows whether it is durable every unit of the group is refused, once", async () => {
  const { statements, connection } = notedConnection(() => false);
  const units = new Units(connection, { ...told, reach: () => Promise.reject(new Error("no disk")) }, limits);
  const results = await Promise.allSettled([1, 2].map((n) => units.run(async () => n)));
  expect(results.map((result) => result.status === "rejected" && String(result.reason))).toEqual(
    Array(2).fill("Error: no disk"),
  );
  expect(statements.filter((text) => text === "commit")).toHaveLength(1);
});

test("where reads cannot be held nothing is committed, and they are let go", async () => {
  const { statements, connection } = notedConnection(() => false);
  let released = 0;
  const hold = () => {
    throw new Error("no reads");
  };
  const units = new Units(connection, { ...told, hold, release: () => void (released += 1) }, limits);
  await expect(units.run(async () => 1)).rejects.toThrow("no reads");
  expect(statements.filter((text) => text === "commit")).toEqual([]);
  expect(released).toBe(1);
});

test("a transaction that cannot begin fails its units, and the next one serves again", async () => {
  const { connection } = notedConnection((text, nth) => text === "begin immediate" && nth === 1);
  const units = new Units(connection, told, limits);
  const results = await Promise.allSettled([1, 2].map((n) => units.run(async () => n)));
  expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
  expect(await units.run(async () => 3)).toBe(3);
});

test("a unit by itself whose commit fails is refused after one try", async () => {
  const { statements, connection } = notedConnection((text) => text === "commit");
  const units = new Units(connection, told, limits);
  await expect(units.run(async () => 1)).rejects.toThrow("commit failed");
  expect(statements.filter((text) => text === "commit")).toHaveLength(1);
  expect(statements.at(-1)).toBe("rollback");
});

test("where even the way back fails the callers are told all the same", async () => {
  const { connection } = notedConnection((text) => text === "commit" || text === "rollback");
  const units = new Units(connection, told, limits);
  await expect(units.run(async () => 1)).rejects.toThrow("commit failed");
});

test("a full queue refuses at once, and takes more when it has room", async () => {
  const { connection } = notedConnection(() => false);
  const units = new Units(connection, told, { queued: 2, grouped: 100 });
  const taken = [units.run(async () => 1), units.run(async () => 2)];
  await expect(units.run(async () => 3)).rejects.toMatchObject({ code: "storage_busy", retryable: true });
  expect(await Promise.all(taken)).toEqual([1, 2]);
  expect(await units.run(async () => 4)).toBe(4);
});

test("units of one turn run in the order of asking, and each sees what those before it wrote", async () => {
  const storage = await openAt(":memory:");
  const seen = await Promise.all(
    ["a", "b", "c"].map((name) =>
      storage.unit(async (tx) => {
        const before = await tx.selectFrom("settings").select("name").execute();
        await microtasks(3);
        await put(tx, name);
        return before.map((row) => row.name);
      }),
    ),
  );
  expect(seen).toEqual([[], ["a"], ["a", "b"]]);
  await storage.close();
});

test.each(sqliteFile)("%s: a read is answered before the units that wait, from what was committed", async (_, open) => {
  await using lent = await open();
  const order: string[] = [];
  const unit = lent.storage.unit((tx) => put(tx, "a")).then(() => order.push("unit"));
  const reading = lent.storage.read.selectFrom("settings").select("name").execute();
  await Promise.all([unit, reading.then((rows) => order.push(`read ${rows.length}`))]);
  expect(order).toEqual(["read 0", "unit"]);
});

test("a unit that replaces an audit event is refused as well", async () => {
  const storage = await openAt(":memory:");
  const event = { at: 1, type: "login_ok", wire: "mcias", operation: "login", details: "{}" };
  await storage.unit((tx) => tx.insertInto("audit_events").values(event).execute());
  const replaced = storage.unit((tx) =>
    sql`replace into audit_events (id, at, type, wire, operation, details) values (1, 2, 'x', 'x', 'x', '{}')`.execute(
      tx,
    ),
  );
  await expect(replaced).rejects.toMatchObject({ code: "constraint_violated" });
  await storage.close();
});
