import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inspect } from "./floors.mjs";

let house = "";
beforeEach(() => {
  house = mkdtempSync(join(tmpdir(), "cardea-floors-"));
  write("package.json", JSON.stringify({ workspaces: ["packages/*"] }));
  for (const [room, dependencies] of Object.entries(rooms)) {
    const manifest = {
      name: `@cardea/${room}`,
      dependencies: Object.fromEntries(dependencies.map((name) => [name, "1"])),
    };
    write(`packages/${room}/package.json`, JSON.stringify(manifest));
  }
  for (const [file, text] of Object.entries(sound)) write(`packages/${file}`, text);
});
afterEach(() => rmSync(house, { recursive: true }));

/** A small house in which every rule has something to look at and nothing is wrong: each package's dependencies ... */
const rooms = {
  core: ["valibot"],
  tokens: ["@cardea/core"],
  mcias: ["@cardea/core"],
  authority: ["@cardea/core", "@cardea/mcias", "kysely"],
  cli: ["@cardea/authority"],
};
/** ... and its files. */
const sound = {
  "core/src/index.ts": `export * from "./secret.js"; import type { Socket } from "./transports/https.js";`,
  "core/src/secret.ts": `import * as v from "valibot";`,
  "core/src/transports/https.ts": `import { request } from "node:https";`,
  "tokens/src/index.ts": `import { Secret } from "@cardea/core"; // as CipherStash does it`,
  "mcias/src/contract.ts": `import { wire } from "@cardea/core";`,
  "authority/src/main.ts": `import { createServer } from "node:https"; import { accounts } from "./identity/accounts.js";`,
  "authority/src/identity/accounts.ts": `import type { Storage } from "../storage/storage.js";`,
  "authority/src/identity/accounts.test.ts": `import { open } from "../storage/storage.js"; import http from "node:http";`,
  "authority/src/storage/storage.ts": `import { sql, type Kysely } from "kysely"; import { Secret } from "@cardea/core";`,
  "authority/src/storage/single-use.ts": `export const use = 1;`,
  "authority/src/identity/codes.ts": `import { use } from "../storage/single-use.js"; import { isIP } from "node:net";`,
  "authority/src/dialects/serve.ts": `import { mount } from "../front/mount.js";`,
  "authority/src/dialects/mcias/login.ts": `import * as contract from "@cardea/mcias/contract"; import type { Mount } from "../../front/mount.js";`,
  "authority/src/front/mount.ts": `import { createServer } from "node:http";`,
  "cli/src/main.ts": `const { serve } = await import("@cardea/authority");`,
};

/** @param {string} file @param {string} text */
function write(file, text) {
  mkdirSync(dirname(join(house, file)), { recursive: true });
  writeFileSync(join(house, file), text);
}

test("a house that keeps its floors has no problems", () => {
  expect(inspect(house)).toEqual([]);
});

test.each([
  [
    "an import from the same floor",
    "mcias/src/extra.ts",
    `import "@cardea/realmid";`,
    /not on a floor below @cardea\/mcias/,
  ],
  ["an import from above", "core/src/extra.ts", `export { x } from "@cardea/tokens";`, /not on a floor below/],
  ["an import from above in a test", "core/src/extra.test.ts", `import "@cardea/mcias";`, /not on a floor below/],
  ["a type from above", "core/src/extra.ts", `type X = import("@cardea/mcias").X;`, /not on a floor below/],
  ["a late import from above", "core/src/extra.ts", `await import("@cardea/mcias");`, /not on a floor below/],
  ["a path into another package", "mcias/src/extra.ts", `import "../../core/src/secret.js";`, /outside its package/],
  [
    "a client in a dialect",
    "authority/src/dialects/mcias/x.ts",
    `import "@cardea/mcias";`,
    /only @cardea\/mcias\/contract/,
  ],
  [
    "a contract outside the dialects",
    "authority/src/front/x.ts",
    `import "@cardea/mcias/contract";`,
    /only a dialect may/,
  ],
  [
    "a service named by an identifier",
    "tokens/src/extra.ts",
    `export const mciasWindow = 1;`,
    /names a service: "mciasWindow"/,
  ],
  ["a service named in a template", "tokens/src/extra.ts", "`${1} of RealmID`;", /names a service/],
  ["a socket in the domain of a client", "mcias/src/extra.ts", `import { connect } from "node:tls";`, /sockets belong/],
  ["a socket by its bare name", "core/src/transports/x.ts", `import "http";`, /without "node:"/],
  [
    "identity that knows a dialect",
    "authority/src/identity/x.ts",
    `import "../dialects/mcias/login.js";`,
    /identity\/ knows nothing/,
  ],
  [
    "identity that knows the front",
    "authority/src/identity/x.ts",
    `import type { M } from "../front/mount.js";`,
    /identity\/ knows nothing/,
  ],
  [
    "identity that knows the composition",
    "authority/src/identity/x.ts",
    `import "../main.js";`,
    /identity\/ knows nothing/,
  ],
  [
    "identity that runs a storage",
    "authority/src/identity/x.ts",
    `import { type S } from "../storage/storage.js";`,
    /only types/,
  ],
  ["SQL text in identity", "authority/src/identity/x.ts", `import { sql as s } from "kysely";`, /"sql" of kysely/],
  [
    "a socket beside what is harmless",
    "mcias/src/extra.ts",
    `import { isIP, connect } from "node:net";`,
    /sockets belong/,
  ],
  ["HTTP in identity", "authority/src/identity/x.ts", `import type { Server } from "node:http";`, /sockets belong/],
  [
    "a dialect that runs the front",
    "authority/src/dialects/mcias/x.ts",
    `import { m } from "../../front/mount.js";`,
    /only types/,
  ],
  [
    "storage that knows identity",
    "authority/src/storage/x.ts",
    `import type { A } from "../identity/accounts.js";`,
    /storage\/ knows nothing/,
  ],
  [
    "Node in the portable entry",
    "core/src/secret.ts",
    `import * as v from "valibot"; import "node:fs";`,
    /index\.ts > .*secret\.ts$/,
  ],
  ["an undeclared dependency", "mcias/src/extra.ts", `import "valibot/x";`, /does not declare valibot/],
  ["a dependency that only a test uses", "core/src/secret.ts", ``, /declares valibot, which src does not import/],
  ["a package without a floor", "attic/package.json", `{ "name": "@cardea/attic" }`, /@cardea\/attic has no floor/],
])("finds %s", (_, file, text, problem) => {
  write(`packages/${file}`, text);
  if (/^core\/src\/secret/.test(file)) write("packages/core/src/secret.test.ts", `import * as v from "valibot";`);
  expect(inspect(house)).toContainEqual(expect.stringMatching(problem));
});

test("a problem names file and line", () => {
  write("packages/core/src/extra.ts", `\n\nimport "@cardea/mcias";\n`);
  expect(inspect(house)[0]).toMatch(/^packages\/core\/src\/extra\.ts:3 imports @cardea\/mcias/);
});
