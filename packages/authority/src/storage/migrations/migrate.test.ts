import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { Storage } from "../storage.js";
import { lendFolder, openAt } from "../storage.test.support.js";
import { identityMigrations } from "./identity.js";
import type { Migration, MigrationSet } from "./migrate.js";

function step(number: number, name = `step ${number}`): Migration {
  return {
    number,
    name,
    async up(ddl) {
      await ddl.table(`wire_${number}`).addColumn("a", ddl.type("integer")).execute();
    },
  };
}

const wire = (...migrations: Migration[]): MigrationSet => ({ set: "wire", migrations });

async function applied(storage: Storage) {
  const found = await sql`select "set", number, name, applied_at from migrations order by "set", number`.execute(
    storage.read,
  );
  return found.rows;
}

test("every set is applied once, in order, with its time; later starts add only what is new", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  for (const steps of [[], [step(1)], [step(1)], [step(1), step(2)]]) {
    await (await openAt(path, { migrations: [wire(...steps)] })).close();
  }
  const storage = await openAt(path, { migrations: [wire(step(1), step(2))] });
  const own = identityMigrations.migrations.map(({ number, name }) => ({ set: "identity", number, name }));
  const steps = [...own, { set: "wire", number: 1, name: "step 1" }, { set: "wire", number: 2, name: "step 2" }];
  expect(await applied(storage)).toEqual(steps.map((one) => ({ ...one, applied_at: 1_700_000_000_000 })));
  await storage.close();
});

test.each([
  ["a further step", [wire(step(1))]],
  ["another step in its place", [wire(step(1), step(2, "something else"))]],
  ["a set that this build does not know", []],
])("a database that has %s is refused as newer, and stays as it is", async (_, sets) => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  const newest = { migrations: [wire(step(1), step(2))] };
  await (await openAt(path, newest)).close();
  await expect(openAt(path, { migrations: sets })).rejects.toMatchObject({
    name: "StorageError",
    code: "schema_too_new",
  });
  await (await openAt(path, newest)).close();
});

test("a step that fails leaves nothing behind, and is tried again at the next start", async () => {
  using folder = lendFolder();
  const path = join(folder.path, "cardea.db");
  const halfway: Migration = {
    ...step(2),
    async up(ddl) {
      await step(2).up(ddl);
      throw new Error("halfway");
    },
  };
  await expect(openAt(path, { migrations: [wire(step(1), halfway)] })).rejects.toThrow("halfway");
  const storage = await openAt(path, { migrations: [wire(step(1), step(2))] });
  expect(await applied(storage)).toHaveLength(identityMigrations.migrations.length + 2);
  await storage.close();
});

test("steps out of order are a mistake of the build", async () => {
  await expect(openAt(":memory:", { migrations: [wire(step(2))] })).rejects.toThrow("stands in place 1");
});
