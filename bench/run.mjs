// Runs the benches, one after the other, each beside its peers in the same minute, and writes the table of ratios.
// `npm run bench` runs all, `npm run bench -- validate logins` some.
import { readdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * One measured thing.
 * @typedef {object} Figure
 * @property {string} what
 * @property {string} ours
 * @property {string} [peer] What it is held against, measured in the same run.
 * @property {number} [ratio]
 * @property {string} [bar] What DESIGN asks for.
 */

const here = new URL(".", import.meta.url);
const wanted = process.argv.slice(2);
const names = readdirSync(here)
  .filter((name) => name.endsWith(".bench.mjs"))
  .map((name) => name.slice(0, -".bench.mjs".length))
  .filter((name) => wanted.length === 0 || wanted.includes(name));

/** @type {string[]} */
const lines = [];
for (const name of names) {
  /** @type {{ title: string, run: () => Promise<Figure[]> }} */
  const bench = await import(new URL(`${name}.bench.mjs`, here).href);
  console.log(`\n${bench.title}`);
  lines.push(`\n## ${bench.title}\n`, "| What | Ours | Beside it | Ratio | Bar |", "| --- | --- | --- | --- | --- |");
  for (const { what, ours, peer = "", ratio, bar = "" } of await bench.run()) {
    const shown = ratio === undefined ? "" : ratio.toFixed(2);
    console.log(`  ${what.padEnd(52)} ${ours.padEnd(24)} ${peer.padEnd(30)} ${shown.padStart(6)}  ${bar}`);
    lines.push(`| ${[what, ours, peer, shown, bar].join(" | ")} |`);
  }
}
if (wanted.length === 0) {
  const head = [
    "# Figures",
    "",
    `Written by \`npm run bench\` on Node ${process.versions.node} with ${availableParallelism()} cores. These machines are shared and noisy:`,
    "read the ratios, which were measured side by side, and not the numbers.",
  ];
  writeFileSync(new URL("RESULTS.md", here), `${[...head, ...lines].join("\n")}\n`);
}
process.exit(0);
