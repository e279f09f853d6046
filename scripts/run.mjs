#!/usr/bin/env node
// What `npm start`, `npm test` and the others really run. It works in a bare clone: it needs Node and npm, installs and
// builds what is missing, then hands over to the command and passes its exit code on.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { follow, runNode } from "./child.mjs";
import { prepare } from "./prepare.mjs";
import { root } from "./workspace.mjs";

const cardea = "packages/cli/bin/cardea.js";
const noTests = "0 passed, 1 failed, 0 skipped";

/**
 * What a command runs, what must be built for it (everything where not stated), what its environment adds, and its last
 * words where the build failed.
 * @type {Record<string, { run: [string, ...string[]], needs?: string, env?: Record<string, string>, unbuilt?: string }>}
 */
const commands = {
  tour: { run: [cardea, "tour"], needs: "packages/cli" },
  start: {
    run: [
      cardea,
      "serve",
      ...["--house", "examples/demo-house.json"],
      ...["--data", ".cardea"],
      ...["--credentials-out", ".cardea/credentials.json"],
    ],
    needs: "packages/cli",
  },
  test: { run: ["scripts/test.mjs"], unbuilt: noTests },
  check: { run: ["scripts/check.mjs"] },
  soak: { run: ["scripts/test.mjs"], env: { CARDEA_SOAK: "1" }, unbuilt: noTests },
  bench: { run: ["bench/run.mjs"] },
};

const [name = "", ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;

if (command === undefined) {
  console.error(`Usage: node scripts/run.mjs ${Object.keys(commands).join("|")} [arguments]`);
  process.exitCode = 2;
} else if (await prepare(command.needs)) {
  if (existsSync(join(root, command.run[0]))) {
    follow(await runNode([...command.run, ...args], { env: command.env }));
  } else {
    console.error(`This version has no ${command.run[0]}, which "${name}" runs.`);
    process.exitCode = 1;
  }
} else {
  if (command.unbuilt !== undefined) console.log(command.unbuilt);
  process.exitCode = 1;
}
