import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
// An example that is a test runs as a part of this file.
import "../examples/house.test.js";

const textOf = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the testkit's README shows its example line for line, in at most 30 of them", () => {
  const example = textOf("../examples/house.test.ts");
  expect(textOf("../packages/testkit/README.md")).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
  expect(example.trimEnd().split("\n").length).toBeLessThanOrEqual(30);
});
