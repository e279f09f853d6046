import { expect, test } from "vitest";
import type { Row, Step } from "../row.js";
import { mcias } from "./suite.js";

const rows = mcias.sections.flatMap((section) => section.rows);
const exchanges = (row: Row) => row.steps.flatMap((step: Step) => ("send" in step ? [step] : []));

test("every item of the list that shows from outside has a row", () => {
  const items = [...new Set(rows.map(({ item }) => item))].sort((a, b) => a - b);
  // 40, 41 and 42 are about logs, starting and our own client.
  expect(items).toEqual([...Array.from({ length: 22 }, (_, index) => 18 + index), 43, 44, 45, 46, 47, 48]);
});

test("no title is there twice, and each fits into a line", () => {
  expect(new Set(rows.map(({ title }) => title)).size).toBe(rows.length);
  expect(rows.filter(({ title }) => title.length > 72).map(({ title }) => title)).toEqual([]);
});

test("a row that acts as an administrator says so, and one that does not runs for anybody", () => {
  const wrong = rows.filter((row) => {
    const acts = exchanges(row).some(({ as }) => as !== undefined) || JSON.stringify(row).includes("{{administrator.");
    return (row.needs?.includes("administrator") ?? false) !== acts;
  });
  expect(wrong.map(({ title }) => title)).toEqual([]);
});

test("a row that uses the account with a second factor says so", () => {
  const wrong = rows.filter((row) => {
    const uses = row.steps.some((step) => "codes" in step) || JSON.stringify(row).includes("{{totp.");
    return (row.needs?.includes("totp") ?? false) !== uses;
  });
  expect(wrong.map(({ title }) => title)).toEqual([]);
});

test("every exchange expects something", () => {
  const empty = rows.filter((row) => exchanges(row).some((step) => Object.keys(step.expect).length === 0));
  expect(empty.map(({ title }) => title)).toEqual([]);
  expect(rows.filter(({ steps }) => steps.length === 0)).toEqual([]);
});
