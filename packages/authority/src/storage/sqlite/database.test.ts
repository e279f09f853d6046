import { describe, expect, test } from "vitest";
import { providers } from "../storage.test.support.js";
import { SqliteConnection } from "./database.js";
import { loadEngine } from "./provider.js";

describe.each(providers)("%s", async (provider) => {
  const engine = await loadEngine(provider);
  const open = () => new SqliteConnection(engine, ":memory:", 0);

  test.each([
    ["undefined", undefined],
    ["a truth", true],
    ["a bigint", 1n],
    ["an integer beyond 2^53", 2 ** 53],
    ["no number", Number.NaN],
    ["a number without end", Number.POSITIVE_INFINITY],
    ["a date", new Date(0)],
    ["an object", {}],
    ["text with NUL", "planted\0value"],
  ])("refuses %s as a parameter, and does not quote it", (_name, value) => {
    expect(() => open().execute("select ? as a", [value])).toThrow(
      new TypeError("SQL parameter 1: expected null, bytes, text without NUL, or a safe number"),
    );
  });

  test("gives back every kind of value that it takes", () => {
    const values = [null, "text", "", 1, -1.5, Number.MAX_SAFE_INTEGER, Uint8Array.of(1), new Uint8Array()];
    const connection = open();
    for (const value of values) expect(connection.execute("select ? as a", [value]).rows).toEqual([{ a: value }]);
  });

  test.each([
    ["few", [1]],
    ["many", [1, 2, 3]],
  ])("refuses too %s parameters", (_name, parameters) => {
    expect(() => open().execute("select ? as a, ? as b", parameters)).toThrow("SQL takes 2 parameters");
  });

  test("refuses a second statement, and does not run the first", () => {
    const connection = open();
    expect(() => connection.execute("create table a (b text); select 1")).toThrow("more than one statement");
    expect(connection.execute("select name from sqlite_schema").rows).toEqual([]);
  });

  test("refuses to round a stored integer", () => {
    expect(() => open().execute("select 9007199254740993 as a")).toThrow("gave what cannot be read");
  });

  test("gives rows of RETURNING, and the count of what was written otherwise", () => {
    const connection = open();
    connection.execute("create table a (b integer primary key, c text) strict");
    expect(connection.execute("insert into a (c) values (?), (?) returning b", ["x", "y"])).toEqual({
      rows: [{ b: 1 }, { b: 2 }],
    });
    expect(connection.execute("update a set c = ?", ["z"])).toEqual({ rows: [], changes: 2 });
  });

  test("keeps working past the size of its statement cache", () => {
    const connection = open();
    for (let n = 0; n < 600; n += 1) expect(connection.execute(`select ${n} as a`).rows).toEqual([{ a: n }]);
    expect(connection.execute("select 0 as a").rows).toEqual([{ a: 0 }]);
  });

  test("is closed for good", () => {
    const connection = open();
    connection.close();
    expect(() => connection.execute("select 1")).toThrow(expect.objectContaining({ code: "storage_closed" }));
  });
});

test("this runtime has an engine, and loading it prints no warning", async () => {
  const warned: unknown[] = [];
  const listen = (warning: unknown) => warned.push(warning);
  process.on("warning", listen);
  await loadEngine();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  expect(warned).toEqual([]);
});
