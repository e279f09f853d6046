// Everything that has to hold: the checks, then the tests. The last line is `N passed, N failed, N skipped`, where each
// check counts as one. Arguments go to vitest, and with any the checks are left out: `npm test -- packages/core -t secret`.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./checks.mjs";
import { run } from "./child.mjs";
import { fetchCommand, findNewerNode } from "./newer-node.mjs";
import { notProved } from "./not-proved.mjs";
import { findOrInstallPostgres, installCommand, startPostgres } from "./postgres.mjs";

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

/**
 * How many tests ended in which way.
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/**
 * All tests, with a PostgreSQL server beside them; and the storage suite once more where a newer Node brings a further
 * engine. What this machine does not have is written down as not proved.
 *
 * @returns {Promise<Counts>}
 */
async function runTests() {
  Object.assign(process.env, files);
  const counts = await withPostgres((env) => runVitest(process.execPath, args, env));
  if (args.length > 0 || isBuiltin("node:sqlite")) return counts;
  const newerNode = findNewerNode();
  if (newerNode === undefined) {
    notProved("the storage suite over the SQLite that newer Nodes bring", fetchCommand);
    return counts;
  }
  const more = await runVitest(newerNode, ["packages/authority/src/storage/storage.conformance.test.ts"]);
  return {
    passed: counts.passed + more.passed,
    failed: counts.failed + more.failed,
    skipped: counts.skipped + more.skipped,
  };
}

/**
 * @template T
 * @param {(env: Record<string, string>) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withPostgres(work) {
  const bin = findOrInstallPostgres();
  if (bin === undefined) {
    notProved("everything over PostgreSQL", installCommand);
    return work({});
  }
  const server = await startPostgres(bin);
  try {
    return await work({ CARDEA_TEST_POSTGRES: server.url });
  } finally {
    await server.stop();
  }
}

/**
 * @param {string} node
 * @param {string[]} filters
 * @param {Record<string, string>} [env]
 * @returns {Promise<Counts>}
 */
async function runVitest(node, filters, env = {}) {
  rmSync(files.CARDEA_COUNTS, { force: true });
  const reporters = ["--reporter=default", "--reporter=./scripts/reporter.mjs"];
  const { code } = await run(node, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...filters], { env });
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
