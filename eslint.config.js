import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

/** What the world outside gives may be asked for in these places only; elsewhere a clock, an `Io` or a random is passed in. */
const ambientRooms = [
  "packages/core/src/clock.ts",
  "packages/core/src/io.ts",
  "packages/core/src/transports/**",
  "packages/core/src/simulate/**",
  "packages/authority/src/front/**",
  "packages/authority/src/storage/**",
  "packages/authority/src/workers/**",
];

/** A rule of our own: what a selector finds is an error, with this message. */
const forbid = (table) => ({
  create: (context) =>
    Object.fromEntries(table.map(([selector, message]) => [selector, (node) => context.report({ node, message })])),
});

const house = {
  rules: {
    ambient: forbid([
      ["MemberExpression[object.name='Date'][property.name='now']", "Ask the clock that was passed in for the time."],
      ["NewExpression[callee.name='Date'][arguments.length=0]", "Ask the clock that was passed in for the time."],
      ["MemberExpression[object.name='performance'][property.name='now']", "Ask the clock's elapsed()."],
      [
        "MemberExpression[object.name='Math'][property.name='random']",
        "Take bytes from the random that was passed in.",
      ],
      ["ImportDeclaration[source.value=/^(node:)?timers/]", "Wait through the clock or the Io that was passed in."],
      ["MemberExpression[property.name='subtle']", "Await WebCrypto through Io.outside."],
      ["ObjectPattern > Property[key.name='subtle']", "Await WebCrypto through Io.outside."],
    ]),
    "named-exports": forbid([
      ["ExportDefaultDeclaration", "Export by name."],
      ["ExportSpecifier[exported.name='default']", "Export by name."],
    ]),
    "export-all": forbid([["ExportAllDeclaration[exported=null]", "Only an index.ts exports all of a module."]]),
  },
};

const timers = ["setTimeout", "setInterval", "setImmediate"].map((name) => ({
  name,
  message: "Wait through the clock or the Io that was passed in.",
}));

const sources = ["packages/*/src/**/*.ts", "packages/*/src/**/*.tsx"];
const tests = ["packages/*/src/**/*.test.*", "tests/**/*.ts", "examples/**/*.ts"];

export default defineConfig(
  { ignores: ["**/dist/", "**/gen/", "api/", "temp/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  { plugins: { house } },
  {
    files: ["**/*.js", "**/*.mjs"],
    // The type checker knows which names exist.
    rules: { "no-undef": "off" },
  },
  {
    files: [...sources, ...tests],
    extends: [ts.configs.strict],
    languageOptions: {
      parserOptions: {
        project: ["packages/*/tsconfig.json", "tests/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // The compiler does the same and knows of `_`.
      "@typescript-eslint/no-unused-vars": "off",
      // `{}` stands for "no members" in the types of contracts.
      "@typescript-eslint/no-empty-object-type": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      // A constructor that only narrows the types of its base is not useless.
      "@typescript-eslint/no-useless-constructor": "off",
      "@typescript-eslint/unified-signatures": "off",
    },
  },
  {
    files: sources,
    rules: {
      "house/ambient": "error",
      "house/named-exports": "error",
      "house/export-all": "error",
      "no-restricted-globals": ["error", { globals: timers, checkGlobalObject: true }],
    },
  },
  { files: [...ambientRooms, ...tests], rules: { "house/ambient": "off", "no-restricted-globals": "off" } },
  { files: ["packages/*/src/**/index.ts"], rules: { "house/export-all": "off" } },
  // Rules that ask the type checker cost most of the time, and a promise that a test forgets fails the run anyway.
  { files: tests, extends: [ts.configs.disableTypeChecked] },
  {
    files: tests,
    rules: { "@typescript-eslint/no-non-null-assertion": "off", "@typescript-eslint/no-explicit-any": "off" },
  },
);
