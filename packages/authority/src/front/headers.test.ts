import { expect, test } from "vitest";
import { readHeaders, valuesOf } from "./headers.js";

test("names are lower case and each stands once", () => {
  const { headers, repeated } = readHeaders(["Host", "a", "X-Thing", "1"]);
  expect({ ...headers }).toEqual({ host: "a", "x-thing": "1" });
  expect(repeated.size).toBe(0);
});

test("a header that came more than once is set aside, whatever its letter case and however often", () => {
  const raw = ["Authorization", "Bearer a", "Accept", "x", "AUTHORIZATION", "Bearer b", "authorization", "Bearer c"];
  const { headers, repeated } = readHeaders(raw);
  expect({ ...headers }).toEqual({ accept: "x" });
  expect([...repeated]).toEqual(["authorization"]);
});

test("the same value twice is still twice", () => {
  expect(readHeaders(["Host", "a", "Host", "a"]).repeated.has("host")).toBe(true);
});

test("names of an object's own members are names like others", () => {
  const { headers, repeated } = readHeaders(["__proto__", "1", "constructor", "2", "toString", "3"]);
  expect(Object.keys(headers)).toEqual(["__proto__", "constructor", "tostring"]);
  expect(repeated.size).toBe(0);
  expect(readHeaders([]).headers["constructor"]).toBeUndefined();
});

test("the values of a list header come in their order", () => {
  const raw = ["X-Forwarded-For", "1.1.1.1", "Host", "x-forwarded-for", "x-forwarded-for", "2.2.2.2"];
  expect(valuesOf(raw, "x-forwarded-for")).toEqual(["1.1.1.1", "2.2.2.2"]);
});
