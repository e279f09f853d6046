import { expect, test } from "vitest";
import { count } from "./reporter.mjs";

/** @param {{ tests?: string[], errors?: number, suiteErrors?: number }} module */
const module = ({ tests = [], errors = 0, suiteErrors = 0 }) => ({
  errors: () => Array(errors),
  children: {
    allSuites: () => [{ errors: () => Array(suiteErrors) }],
    allTests: () => tests.map((state) => ({ result: () => ({ state }) })),
  },
});

test.each([
  ["tests by how they ended", [{ tests: ["passed", "passed", "failed", "skipped"] }], 0, [2, 1, 1]],
  ["the tests of all files", [{ tests: ["passed"] }, { tests: ["passed", "skipped"] }], 0, [2, 0, 1]],
  ["a file that does not load as failed", [{ errors: 1 }], 0, [0, 1, 0]],
  ["a group that fails outside its tests as failed", [{ tests: ["passed"], suiteErrors: 1 }], 0, [1, 1, 0]],
  ["an error that no test caught as failed", [{ tests: ["passed"] }], 1, [1, 1, 0]],
  ["a test that never ended as failed", [{ tests: ["pending"] }], 0, [0, 1, 0]],
])("counts %s", (_, modules, unhandled, [passed, failed, skipped]) => {
  const given = /** @type {any} */ (modules.map(module));
  expect(count(given, Array(unhandled))).toEqual({ passed, failed, skipped });
});
