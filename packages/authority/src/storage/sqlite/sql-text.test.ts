import { expect, test } from "vitest";
import { countParameters } from "./sql-text.js";

test.each([
  ["select 1", 0],
  ["select ?, ?", 2],
  ["select '?', \"a?\", `?`, [?], ? -- ?", 1],
  ["select 'it''s ?' /* ? \n ? */ where a = ?;  ", 1],
  ["create trigger t before update on a begin select 1; select 2; end", 0],
])("%j has %i parameters", (sql, count) => {
  expect(countParameters(sql)).toBe(count);
});

test.each(["select 1; select 2", "select 1; -- more", "select ';'; drop table a"])("%j is refused as more", (sql) => {
  expect(() => countParameters(sql)).toThrow("more than one statement");
});

test.each(["select ?1", "select :name", "select @name", "select $name"])("%j is refused for its parameter", (sql) => {
  expect(() => countParameters(sql)).toThrow("only plain ? parameters");
});
