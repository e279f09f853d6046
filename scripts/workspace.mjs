import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * One package of the workspace.
 * @typedef {object} Package
 * @property {string} name Such as `@cardea/core`.
 * @property {string} room The name of its folder, such as `core`.
 * @property {string} folder Its absolute path.
 * @property {Record<string, any>} manifest Its package.json.
 * @property {Entry[]} entries What others can import that has types.
 */

/**
 * One entry of `exports` that has types.
 * @typedef {object} Entry
 * @property {string} specifier What an importer writes, such as `@cardea/core/fetch`.
 * @property {string} name Names its files and tables, such as `core` and `core.fetch`.
 * @property {string} types Its declarations, such as `./dist/index.d.ts`.
 * @property {string} code Its built module, such as `./dist/index.js`.
 */

/**
 * The packages of the workspace, by name.
 *
 * @param {string} [at] The root of the repository.
 * @returns {Package[]}
 */
export function packages(at = root) {
  /** @type {string[]} */
  const patterns = readJson(join(at, "package.json")).workspaces;
  return patterns
    .map((pattern) => join(at, pattern.replace(/\/\*$/, "")))
    .flatMap((parent) => readdirSync(parent).map((room) => join(parent, room)))
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => describe(folder, readJson(join(folder, "package.json"))))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * @param {string} folder
 * @param {Record<string, any>} manifest
 * @returns {Package}
 */
function describe(folder, manifest) {
  const room = manifest.name.replace(/^@[^/]+\//, "");
  const entries = Object.entries(manifest.exports ?? {})
    .filter(([, target]) => typeof target.types === "string")
    .map(([path, target]) => ({
      specifier: path.replace(".", manifest.name),
      name: path.replace(".", room).replaceAll("/", "."),
      types: target.types,
      code: target.default,
    }));
  return { name: manifest.name, room, folder, manifest, entries };
}

/**
 * The sources of what a manifest names under `exports` and `imports`, such as `src/index.ts`.
 *
 * @param {Package} room
 * @returns {string[]}
 */
export function namedSources({ manifest }) {
  const targets = JSON.stringify([manifest["exports"], manifest["imports"]]).matchAll(/"\.\/dist\/([^"]+)\.js"/g);
  return [...new Set([...targets].map(([, path]) => `src/${path}.ts`))];
}

/** @param {string} path */
export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
