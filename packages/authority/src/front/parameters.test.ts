import { expect, test } from "vitest";
import { mostParameters, readParameters } from "./parameters.js";

test("parameters are decoded", () => {
  expect(readParameters("a=1&b=x%20y&c=p+q&d&e=%C3%A9")).toEqual({
    values: { a: "1", b: "x y", c: "p q", d: "", e: "\u00e9" },
  });
  expect(readParameters("")).toEqual({ values: {} });
});

test.each(["a=1&a=2", "a=1&a=1", "a=1&%61=2", "a&a", "a=1&b=2&a=", "__proto__=1&__proto__=2", "=1&=2"])(
  "%s repeats a parameter",
  (query) => {
    expect(readParameters(query)).toMatchObject({ problem: "repeated_parameter" });
  },
);

test("names of an object's own members are names like others", () => {
  const read = readParameters("__proto__=1&constructor=2");
  expect("values" in read && Object.entries(read.values)).toEqual([
    ["__proto__", "1"],
    ["constructor", "2"],
  ]);
});

test("garbage is a parameter like others", () => {
  expect(readParameters("a=%zz&b=%ff&&&")).toEqual({ values: { a: "%zz", b: "\ufffd" } });
});

test("there is a limit to their number", () => {
  const query = (count: number) => Array.from({ length: count }, (_, at) => `p${at}=1`).join("&");
  expect(readParameters(query(mostParameters))).toHaveProperty("values");
  expect(readParameters(query(mostParameters + 1))).toMatchObject({ problem: "too_many_parameters" });
});
