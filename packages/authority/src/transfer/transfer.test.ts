import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualClock } from "@cardea/core";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { MigrationSet } from "../storage/migrations/migrate.js";
import { openStorage } from "../storage/open.js";
import { lendFolder } from "../storage/storage.test.support.js";
import { fillFromArchive } from "./fill.js";
import { readArchive } from "./read.js";
import { writeArchive } from "./write.js";

const clock = manualClock(1_700_000_000_000);

/** A wire's table with a key of two columns, and every value that is easily lost. */
const wire: MigrationSet = {
  set: "wire",
  migrations: [
    {
      number: 1,
      name: "things",
      async up({ table, type }) {
        await table("aaa_things")
          .addColumn("owner", type("text"), (c) => c.notNull().references("accounts.id"))
          .addColumn("number", type("integer"), (c) => c.notNull())
          .addColumn("bytes", type("bytes"))
          .addColumn("text", type("text"))
          .addPrimaryKeyConstraint("things_key", ["owner", "number"])
          .execute();
      },
    },
  ],
};
const migrations = [wire];

const odd = 'line\nbreak, \u2028, \u0085, "quoted", 😀, é';

/** More rows than a batch has. */
const many = 1_234;

async function fill(database: string): Promise<void> {
  const storage = await openStorage({ database, clock, migrations });
  for (const id of ["b", "B", "é", "z", "ａ", "😀"]) {
    await storage.unit(async (tx) => {
      await tx
        .insertInto("accounts")
        .values({ id, kind: "human", status: "active", created_at: 1, updated_at: 2 })
        .execute();
    });
  }
  await storage.unit(async (tx) => {
    const numbers = Array.from(
      { length: many },
      (_, number) => sql`(${"é"}, ${number}, ${Uint8Array.of(0, number % 256)}, ${null})`,
    );
    await sql`insert into aaa_things (owner, number, bytes, text) values ${sql.join(numbers)}`.execute(tx);
    await sql`insert into aaa_things (owner, number, bytes, text)
      values ('b', ${Number.MAX_SAFE_INTEGER}, ${new Uint8Array()}, ${odd}), ('b', -1, ${null}, '')`.execute(tx);
    for (const type of ["one", "two"]) {
      await tx.insertInto("audit_events").values({ at: 1, type, wire: "w", operation: "o", details: "{}" }).execute();
    }
  });
  await storage.close();
}

interface Filled extends Disposable {
  readonly folder: string;
  readonly database: string;
  readonly archive: string;
}

async function exported(): Promise<Filled> {
  const folder = lendFolder();
  const database = join(folder.path, "from.db");
  const archive = join(folder.path, "house.jsonl");
  await fill(database);
  await writeArchive({ database, file: archive, clock });
  return { folder: folder.path, database, archive, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("an archive fills an empty database with the same house, and counting goes on after it", async () => {
  using from = await exported();
  const database = join(from.folder, "to.db");
  const before = (await readArchive(from.archive)).summary;
  expect(before.rows).toBe(6 + many + 2 + 2);
  expect(await fillFromArchive({ database, file: from.archive, migrations, clock })).toEqual(before);
  const again = join(from.folder, "again.jsonl");
  expect(await writeArchive({ database, file: again, clock: manualClock(1) })).toEqual(before);

  const storage = await openStorage({ database, clock, migrations });
  const { rows } = await sql`select text from aaa_things where owner = 'b' order by number`.execute(storage.read);
  expect(rows).toEqual([{ text: "" }, { text: odd }]);
  const event = { at: 1, type: "three", wire: "w", operation: "o", details: "{}" };
  await storage.unit((tx) => tx.insertInto("audit_events").values(event).execute());
  const ids = await storage.read.selectFrom("audit_events").select("id").orderBy("id").execute();
  expect(ids.map(({ id }) => id)).toEqual([1, 2, 3]);
  await storage.close();
});

test("one value more or less is another digest", async () => {
  using from = await exported();
  const storage = await openStorage({ database: from.database, clock, migrations });
  await storage.unit((tx) => tx.updateTable("accounts").set({ updated_at: 3 }).where("id", "=", "b").execute());
  await storage.close();
  const other = await writeArchive({ database: from.database, file: join(from.folder, "other.jsonl"), clock });
  const { summary } = await readArchive(from.archive);
  expect(other.rows).toBe(summary.rows);
  expect(other.digest).not.toBe(summary.digest);
});

test("an archive is for its owner's eyes only and overwrites nothing", async () => {
  using from = await exported();
  if (process.platform !== "win32") expect(statSync(from.archive).mode & 0o777).toBe(0o600);
  const text = readFileSync(from.archive, "utf8");
  const again = writeArchive({ database: from.database, file: from.archive, clock });
  await expect(again).rejects.toMatchObject({ code: "archive_exists" });
  expect(readFileSync(from.archive, "utf8")).toBe(text);
});

test.each<[string, (text: string) => string, string]>([
  ["a changed value", (text) => text.replace('"active"', '"inactive"'), "archive_damaged"],
  ["a row less", (text) => text.replace(/\n\[null,-1,[^\n]+/, ""), "archive_damaged"],
  [
    "two rows in the other order",
    (text) => text.replace(/\n(\[[^\n]+)\n(\[[^\n]+)\n/, "\n$2\n$1\n"),
    "archive_damaged",
  ],
  ["a changed name of a step", (text) => text.replace('"name":"things"', '"name":"thongs"'), "archive_damaged"],
  ["no last line", (text) => text.replace(/[^\n]+\n$/, ""), "archive_damaged"],
  ["half a line", (text) => text.slice(0, -10), "archive_damaged"],
  ["a line after the last", (text) => `${text}[]\n`, "archive_damaged"],
  ["nothing in it", () => "", "archive_damaged"],
  ["something else in it", () => "hello\n", "archive_damaged"],
  ["a later form", (text) => text.replace('"version":1', '"version":2'), "archive_too_new"],
])("%s is refused before a database is touched", async (_, change, code) => {
  using from = await exported();
  const file = join(from.folder, "changed.jsonl");
  const text = readFileSync(from.archive, "utf8");
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  const database = join(from.folder, "to.db");
  await expect(fillFromArchive({ database, file, migrations, clock })).rejects.toMatchObject({
    name: "ArchiveError",
    code,
  });
  expect(existsSync(database)).toBe(false);
});

test("an archive with steps that this build does not know is refused, and one with fewer is brought up to date", async () => {
  using from = await exported();
  const database = join(from.folder, "to.db");
  const file = from.archive;
  await expect(fillFromArchive({ database, file, migrations: [], clock })).rejects.toMatchObject({
    code: "archive_too_new",
  });
  const later: MigrationSet = {
    set: "wire",
    migrations: [
      ...wire.migrations,
      {
        number: 2,
        name: "more",
        up: async ({ db, type }) =>
          void (await db.schema.alterTable("aaa_things").addColumn("more", type("text")).execute()),
      },
    ],
  };
  await fillFromArchive({ database, file, migrations: [later], clock });
  const storage = await openStorage({ database, clock, migrations: [later] });
  const { rows } = await sql`select count(*) as count from aaa_things where more is null`.execute(storage.read);
  expect(rows).toEqual([{ count: many + 2 }]);
  await storage.close();
});

test("two houses are never mixed, and a refusal leaves the one that is there", async () => {
  using from = await exported();
  const database = join(from.folder, "to.db");
  await fill(database);
  const before = await writeArchive({ database, file: join(from.folder, "before.jsonl"), clock });
  const filling = fillFromArchive({ database, file: from.archive, migrations, clock });
  await expect(filling).rejects.toMatchObject({ code: "house_not_empty" });
  expect(await writeArchive({ database, file: join(from.folder, "after.jsonl"), clock })).toEqual(before);
});

test("what is no house is not exported, and no database is made by the way", async () => {
  using folder = lendFolder();
  const database = join(folder.path, "none.db");
  const file = join(folder.path, "house.jsonl");
  await expect(writeArchive({ database, file, clock })).rejects.toMatchObject({ code: "house_missing" });
  expect(existsSync(database)).toBe(false);
  writeFileSync(database, "");
  await expect(writeArchive({ database, file, clock })).rejects.toMatchObject({ code: "house_missing" });
  expect(existsSync(file)).toBe(false);
});

test("a house that an authority serves is not exported from its file", async () => {
  using from = await exported();
  const storage = await openStorage({ database: from.database, clock, migrations });
  const file = join(from.folder, "again.jsonl");
  await expect(writeArchive({ database: from.database, file, clock })).rejects.toMatchObject({
    code: "storage_in_use",
  });
  await storage.close();
});

test("where the archive cannot be written or read, that is told", async () => {
  using from = await exported();
  const within = join(from.archive, "house.jsonl");
  const writing = writeArchive({ database: from.database, file: within, clock });
  await expect(writing).rejects.toMatchObject({ code: "archive_unwritable" });
  await expect(readArchive(join(from.folder, "gone.jsonl"))).rejects.toMatchObject({ code: "archive_unreadable" });
});
