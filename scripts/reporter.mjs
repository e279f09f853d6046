import { writeFileSync } from "node:fs";

/** Counts what a run of vitest came to, and writes it as JSON to the file that `CARDEA_COUNTS` names. */
export default class CountingReporter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env["CARDEA_COUNTS"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(count(modules, unhandledErrors)));
  }
}

/**
 * A file or a group that fails outside its tests, and an error that no test caught, are failures too.
 *
 * @param {readonly import("vitest/node").TestModule[]} modules
 * @param {readonly unknown[]} unhandledErrors
 */
export function count(modules, unhandledErrors) {
  const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) counts[test.result().state] += 1;
  }
  // A test that never came to its end proves nothing.
  const { pending, ...ended } = counts;
  return { ...ended, failed: ended.failed + pending };
}
