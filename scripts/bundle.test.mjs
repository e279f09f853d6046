import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle } from "./bundle.mjs";
import { readJson, root } from "./workspace.mjs";

/** @type {Record<string, { platform: "browser" | "node" }>} */
const sizes = readJson(join(root, "scripts/sizes.json"));
const portable = Object.keys(sizes).filter((specifier) => sizes[specifier]?.platform === "browser");

test.each(portable)("%s bundles for browsers and workers without an import of Node", async (specifier) => {
  const { bytes, nodeImports } = await bundle(specifier, "browser");
  expect(bytes).toBeGreaterThan(0);
  expect(nodeImports).toEqual([]);
});

test("an import of Node in a bundle is seen", async () => {
  const { nodeImports } = await bundle("./scripts/workspace.mjs", "browser");
  expect(nodeImports).toContain("node:fs");
});
