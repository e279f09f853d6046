import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { consume, offer, singleUseKinds, type SingleUseKind } from "./single-use.js";
import type { Reader, Storage, Tx } from "./storage.js";
import { databases, macrotask, microtasks } from "./storage.test.support.js";

const now = 1_700_000_000_000;

async function put(tx: Tx, name: string, value = "x"): Promise<void> {
  await tx.insertInto("settings").values({ name, value }).execute();
}

async function names(reader: Reader): Promise<string[]> {
  const rows = await reader.selectFrom("settings").select("name").orderBy("name").execute();
  return rows.map((row) => row.name);
}

async function addAccount(storage: Storage, id: string): Promise<void> {
  await storage.unit((tx) =>
    tx
      .insertInto("accounts")
      .values({ id, kind: "human", status: "active", created_at: now, updated_at: now })
      .execute(),
  );
}

describe.each(databases)("%s: units", (_, open) => {
  test("what a unit wrote is there for a read once it resolves, and its value comes back", async () => {
    await using lent = await open();
    const value = await lent.storage.unit(async (tx) => {
      await put(tx, "a");
      return "done";
    });
    expect(value).toBe("done");
    expect(await names(lent.storage.read)).toEqual(["a"]);
  });

  test("units behave as if they ran one after another, however many are asked for at once", async () => {
    await using lent = await open();
    await lent.storage.unit((tx) => put(tx, "count", "0"));
    const seen = await Promise.all(
      Array.from({ length: 12 }, () =>
        lent.storage.unit(async (tx) => {
          const { value } = await tx
            .selectFrom("settings")
            .select("value")
            .where("name", "=", "count")
            .executeTakeFirstOrThrow();
          await microtasks(3);
          await tx
            .updateTable("settings")
            .set({ value: String(Number(value) + 1) })
            .where("name", "=", "count")
            .execute();
          return Number(value);
        }),
      ),
    );
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_unused, index) => index));
  });

  test("a throw undoes its own unit alone and is thrown on as it is", async () => {
    await using lent = await open();
    const mistake = new Error("changed my mind");
    const results = await Promise.allSettled([
      lent.storage.unit((tx) => put(tx, "before")),
      lent.storage.unit(async (tx) => {
        await put(tx, "undone");
        throw mistake;
      }),
      lent.storage.unit((tx) => put(tx, "after")),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: mistake });
    expect(await names(lent.storage.read)).toEqual(["after", "before"]);
  });

  test("a throw before the first query is a rejection too", async () => {
    await using lent = await open();
    const throwing = lent.storage.unit(() => {
      throw new RangeError("at once");
    });
    await expect(throwing).rejects.toThrow(RangeError);
  });

  test("a unit that breaks a constraint fails by code, and names no value", async () => {
    await using lent = await open();
    await lent.storage.unit((tx) => put(tx, "taken"));
    const refused = lent.storage.unit((tx) => put(tx, "taken", "planted-value"));
    await expect(refused).rejects.toMatchObject({ name: "StorageError", code: "constraint_violated" });
    await expect(refused).rejects.not.toThrow(/planted-value/);
  });

  test("a statement that fails undoes its unit, also where the work goes on as if nothing were", async () => {
    await using lent = await open();
    await lent.storage.unit((tx) => put(tx, "taken"));
    const swallowing = lent.storage.unit(async (tx) => {
      await put(tx, "undone");
      await put(tx, "taken").catch(() => {});
      await put(tx, "more").catch(() => {});
    });
    await expect(swallowing).rejects.toMatchObject({ code: "constraint_violated" });
    expect(await names(lent.storage.read)).toEqual(["taken"]);
  });

  test("a lost race is a value, and what the loser wrote besides is committed", async () => {
    await using lent = await open();
    const results = await Promise.all(
      ["first", "second"].map((writer) =>
        lent.storage.unit(async (tx) => {
          await put(tx, `tried by ${writer}`);
          const won = await tx
            .insertInto("settings")
            .values({ name: "owner", value: writer })
            .onConflict((conflict) => conflict.doNothing())
            .returning("value")
            .executeTakeFirst();
          return won?.value;
        }),
      ),
    );
    expect(results.filter((winner) => winner !== undefined)).toHaveLength(1);
    expect(await names(lent.storage.read)).toEqual(["owner", "tried by first", "tried by second"]);
  });

  test("a unit that waits for the world is undone and refused, and its neighbours are not", async () => {
    await using lent = await open();
    const results = await Promise.allSettled([
      lent.storage.unit((tx) => put(tx, "before")),
      lent.storage.unit(async (tx) => {
        await put(tx, "undone");
        await macrotask();
      }),
      lent.storage.unit((tx) => put(tx, "after")),
    ]);
    expect(results[0]).toMatchObject({ status: "fulfilled" });
    expect(results[1]).toMatchObject({ status: "rejected", reason: { code: "unit_waited" } });
    expect(results[2]).toMatchObject({ status: "fulfilled" });
    expect(await names(lent.storage.read)).toEqual(["after", "before"]);
  });

  test("of several units that wait in one turn each is refused", async () => {
    await using lent = await open();
    const waiting = ["a", "b", "c"].map((name) =>
      lent.storage.unit(async (tx) => {
        await macrotask();
        await put(tx, name);
      }),
    );
    const results = await Promise.allSettled(waiting);
    const codes = results.map((result) => result.status === "rejected" && (result.reason as { code: string }).code);
    expect(codes).toEqual(["unit_waited", "unit_waited", "unit_waited"]);
    expect(await names(lent.storage.read)).toEqual([]);
  });

  test("the queries that a refused unit sends later throw and write nothing", async () => {
    await using lent = await open();
    let late: Promise<unknown> | undefined;
    const waited = lent.storage.unit(async (tx) => {
      await macrotask();
      late = put(tx, "late");
      await late;
    });
    await expect(waited).rejects.toMatchObject({ code: "unit_waited" });
    await macrotask();
    await macrotask();
    await expect(late).rejects.toMatchObject({ code: "unit_ended" });
    expect(await names(lent.storage.read)).toEqual([]);
  });

  test("a tx is of no use after its unit", async () => {
    await using lent = await open();
    const kept = await lent.storage.unit(async (tx) => ({ tx }));
    await expect(put(kept.tx, "late")).rejects.toMatchObject({ code: "unit_ended" });
  });

  test("a unit inside the work of a unit is refused, and the outer one may go on", async () => {
    await using lent = await open();
    const inner = await lent.storage.unit(async (tx) => {
      await put(tx, "outer");
      return await lent.storage.unit((other) => put(other, "inner")).catch((error: unknown) => error);
    });
    expect(inner).toMatchObject({ code: "unit_nested" });
    expect(await names(lent.storage.read)).toEqual(["outer"]);
  });

  test("a unit that is asked for right after another has resolved is not nested", async () => {
    await using lent = await open();
    await lent.storage.unit((tx) => put(tx, "a")).then(() => lent.storage.unit((tx) => put(tx, "b")));
    expect(await names(lent.storage.read)).toEqual(["a", "b"]);
  });

  test("close ends the units that were asked for, and refuses those that come later", async () => {
    await using lent = await open();
    const asked = lent.storage.unit(async (tx) => {
      await put(tx, "a");
      return "written";
    });
    const closing = lent.storage.close();
    await expect(lent.storage.unit((tx) => put(tx, "b"))).rejects.toMatchObject({ code: "storage_closed" });
    expect(await asked).toBe("written");
    await closing;
    await expect(lent.storage.ping()).rejects.toMatchObject({ code: "storage_closed" });
  });
});

describe.each(databases)("%s: reads", (_, open) => {
  test("a read that tries to write is refused, and units write afterwards", async () => {
    await using lent = await open();
    const write = sql`insert into settings (name, value) values ('a', 'b')`.execute(lent.storage.read);
    await expect(write).rejects.toMatchObject({ code: "storage_read_only" });
    await lent.storage.unit((tx) => put(tx, "by a unit"));
    expect(await names(lent.storage.read)).toEqual(["by a unit"]);
  });

  test("ping resolves while the database answers", async () => {
    await using lent = await open();
    await expect(lent.storage.ping()).resolves.toBeUndefined();
  });
});

describe.each(databases)("%s: schema", (_, open) => {
  test("bytes, large times and empty values come back as they were stored", async () => {
    await using lent = await open();
    const row = { id: "k", wrapped: Uint8Array.of(0, 255, 1), created_at: Number.MAX_SAFE_INTEGER };
    const empty = { id: "l", wrapped: new Uint8Array(), created_at: 0 };
    await lent.storage.unit((tx) => tx.insertInto("data_keys").values([row, empty]).execute());
    const rows = await lent.storage.read.selectFrom("data_keys").selectAll().orderBy("id").execute();
    expect(rows.map((found) => ({ ...found, wrapped: Uint8Array.from(found.wrapped) }))).toEqual([row, empty]);
  });

  test("one value of a kind belongs to one account, and one subject of a wire and scope too", async () => {
    await using lent = await open();
    await addAccount(lent.storage, "one");
    await addAccount(lent.storage, "two");
    const identifier = { kind: "email", value: "a@example.com" } as const;
    const subject = { wire: "mcias", scope: "", subject: "s" };
    await lent.storage.unit(async (tx) => {
      await tx
        .insertInto("identifiers")
        .values({ ...identifier, account_id: "one" })
        .execute();
      await tx
        .insertInto("subjects")
        .values({ ...subject, account_id: "one" })
        .execute();
      await tx
        .insertInto("subjects")
        .values({ ...subject, scope: "tenant", account_id: "two" })
        .execute();
    });
    const again = lent.storage.unit((tx) =>
      tx
        .insertInto("identifiers")
        .values({ ...identifier, account_id: "two" })
        .execute(),
    );
    await expect(again).rejects.toMatchObject({ code: "constraint_violated" });
    const twice = lent.storage.unit((tx) =>
      tx
        .insertInto("subjects")
        .values({ ...subject, account_id: "two" })
        .execute(),
    );
    await expect(twice).rejects.toMatchObject({ code: "constraint_violated" });
  });

  test("rows of an account that does not exist, and words that are not in their list, are refused", async () => {
    await using lent = await open();
    const orphan = lent.storage.unit((tx) =>
      tx.insertInto("account_roles").values({ account_id: "nobody", role: "admin" }).execute(),
    );
    await expect(orphan).rejects.toMatchObject({ code: "constraint_violated" });
    const strange = lent.storage.unit((tx) =>
      sql`insert into accounts (id, kind, status, created_at, updated_at) values ('a', 'ghost', 'active', 1, 1)`.execute(
        tx,
      ),
    );
    await expect(strange).rejects.toMatchObject({ code: "constraint_violated" });
  });

  test.each([
    ["changed", sql`update audit_events set details = '{"forged":true}'`],
    ["removed", sql`delete from audit_events`],
  ])("an audit event cannot be %s", async (_change, statement) => {
    await using lent = await open();
    const event = { at: now, type: "login_ok", wire: "mcias", operation: "login", details: "{}" };
    await lent.storage.unit((tx) => tx.insertInto("audit_events").values(event).execute());
    await expect(lent.storage.unit((tx) => statement.execute(tx))).rejects.toMatchObject({
      code: "constraint_violated",
    });
    expect(await lent.storage.read.selectFrom("audit_events").select(["id", "details"]).execute()).toEqual([
      { id: 1, details: "{}" },
    ]);
  });
});

describe.each(databases)("%s: single use", (_, open) => {
  const kinds = Object.keys(singleUseKinds) as SingleUseKind[];

  test.each(kinds)("of 50 who consume one %s at once exactly one wins", async (kind) => {
    await using lent = await open();
    await lent.storage.unit((tx) => offer(tx, { kind, digest: "d", payload: { for: "one" }, expiresAt: now + 1, now }));
    const results = await Promise.all(
      Array.from({ length: 50 }, async (_unused, index) => {
        // Some arrive in later turns of the loop, and some think before and after inside their unit.
        for (let turn = 0; turn < index % 4; turn += 1) await macrotask();
        return await lent.storage.unit(async (tx) => {
          await microtasks(index % 7);
          const consumed = await consume(tx, { kind, digest: "d", now });
          await microtasks(index % 5);
          return consumed;
        });
      }),
    );
    expect(results.filter((result) => result !== undefined)).toEqual([
      { accountId: undefined, payload: { for: "one" } },
    ]);
  });

  test.each(kinds)("a %s that a throwing unit consumed is there for the next", async (kind) => {
    await using lent = await open();
    await addAccount(lent.storage, "owner");
    const offered = { kind, digest: "d", accountId: "owner", payload: {}, expiresAt: now + 1, now };
    await lent.storage.unit((tx) => offer(tx, offered));
    const undone = lent.storage.unit(async (tx) => {
      await consume(tx, { kind, digest: "d", now });
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    const consumed = await lent.storage.unit((tx) => consume(tx, { kind, digest: "d", now }));
    expect(consumed).toEqual({ accountId: "owner", payload: {} });
  });

  test("nothing is consumed by another digest, at the moment of expiry, or under another kind", async () => {
    await using lent = await open();
    await lent.storage.unit((tx) =>
      offer(tx, { kind: "setup_link", digest: "d", payload: {}, expiresAt: now + 1, now }),
    );
    const tries = [
      { kind: "setup_link", digest: "e", now },
      { kind: "setup_link", digest: "d", now: now + 1 },
      { kind: "another" as SingleUseKind, digest: "d", now },
    ] as const;
    const results = await Promise.all(tries.map((one) => lent.storage.unit((tx) => consume(tx, one))));
    expect(results).toEqual([undefined, undefined, undefined]);
  });
});
