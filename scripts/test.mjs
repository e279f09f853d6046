// Everything that has to hold: the checks, then the tests. The last line is `N passed, N failed, N skipped`, where each
// check counts as one. Arguments go to vitest, and with any the checks are left out: `npm test -- packages/core -t secret`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./checks.mjs";
import { runNode } from "./child.mjs";

const args = process.argv.slice(2);
const mustProveAll = process.env["CARDEA_PROVE_ALL"] === "1";
const folder = mkdtempSync(join(tmpdir(), "cardea-test-"));
const files = { CARDEA_COUNTS: join(folder, "counts.json"), CARDEA_NOT_PROVED: join(folder, "not-proved.jsonl") };

try {
  const checks = args.length === 0 ? await check() : { passed: 0, failed: 0 };
  const tests = await runTests();
  const unproved = listUnproved();

  if (unproved.length > 0) {
    console.log(mustProveAll ? "\nNOT PROVED HERE, and this run must prove everything:" : "\nNOT PROVED HERE:");
    for (const { what, command } of unproved) console.log(`  ${what}\n    ${command}`);
  }
  const failed = checks.failed + tests.failed;
  process.exitCode = failed > 0 || (mustProveAll && unproved.length > 0) ? 1 : 0;
  console.log(`\n${checks.passed + tests.passed} passed, ${failed} failed, ${tests.skipped} skipped`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @returns {Promise<{ passed: number, failed: number, skipped: number }>} */
async function runTests() {
  const reporters = ["--reporter=default", "--reporter=./scripts/reporter.mjs"];
  const { code } = await runNode(["node_modules/vitest/vitest.mjs", "run", ...reporters, ...args], { env: files });
  const counts = JSON.parse(read(files.CARDEA_COUNTS) || '{"passed":0,"failed":0,"skipped":0}');
  if (counts.passed + counts.failed === 0) console.log("No test ran, which proves nothing.");
  // Vitest itself can fail where every test passed, or none ran.
  const unseen = counts.failed === 0 && (code !== 0 || counts.passed === 0) ? 1 : 0;
  return { ...counts, failed: counts.failed + unseen };
}

/** @returns {{ what: string, command: string }[]} */
function listUnproved() {
  const lines = read(files.CARDEA_NOT_PROVED).split("\n").filter(Boolean);
  return [...new Set(lines)].map((line) => JSON.parse(line));
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
