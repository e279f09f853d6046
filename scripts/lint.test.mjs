import { ESLint } from "eslint";
import { expect, test } from "vitest";
import ts from "typescript-eslint";
import { root } from "./workspace.mjs";

// What needs types is left out: the files below exist only here.
const eslint = new ESLint({ cwd: root, overrideConfig: [ts.configs.disableTypeChecked] });

/** @param {string} file @param {string} code */
async function restrictions(file, code) {
  const [result] = await eslint.lintText(code, { filePath: file });
  const ours = /^house\/|^no-restricted-globals$/;
  return result?.messages.filter(({ ruleId }) => ours.test(ruleId ?? "")).map(({ line }) => line);
}

test.each([
  "Date.now();",
  "export const now = Date.now;",
  "new Date();",
  "performance.now();",
  "Math.random();",
  "setTimeout(f, 1);",
  "export const later = [1].map(setTimeout);",
  "globalThis.setInterval(f, 1);",
  `import { setTimeout } from "node:timers/promises";`,
  "crypto.subtle.digest(a, b);",
  "const { subtle } = globalThis.crypto;",
  "export default 1;",
  `export * from "./secret.js";`,
])("a package may not write %s", async (code) => {
  expect(await restrictions("packages/core/src/planted.ts", code)).toEqual([1]);
});

test.each([
  ["packages/core/src/planted.ts", "new Date(0); clock.now(); clock.setTimeout(f, 1);"],
  ["packages/core/src/planted.ts", `export * as v from "./secret.js";`],
  ["packages/core/src/index.ts", `export * from "./secret.js";`],
  ["packages/core/src/simulate/index.ts", `export * from "./planted.js"; setTimeout(f, 1);`],
  ["packages/core/src/clock.ts", "Date.now(); setTimeout(f, 1);"],
  ["packages/authority/src/front/planted.ts", "setTimeout(f, 1);"],
  ["packages/core/src/planted.test.ts", "Date.now();"],
])("in %s stands %s", async (file, code) => {
  expect(await restrictions(file, code)).toEqual([]);
});

test("the system clock's freedom does not reach the packages that have a file of that name", async () => {
  expect(await restrictions("packages/mcias/src/clock.ts", "Date.now();")).toEqual([1]);
});
