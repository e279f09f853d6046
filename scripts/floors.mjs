// The floors of the house as data, and the tool that finds what breaks them.
import { existsSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { readSource } from "./imports.mjs";
import { packages, root } from "./workspace.mjs";

/** A package imports only from floors below its own, in its tests as well. */
export const floors = {
  "@cardea/cli": 7,
  "@cardea/testkit": 6,
  "@cardea/conformance": 6,
  "@cardea/authority": 5,
  "@cardea/st-peter": 4,
  "@cardea/mcias": 4,
  "@cardea/realmid": 4,
  "@cardea/auki": 4,
  "@cardea/cipherstash": 4,
  "@cardea/guard": 3,
  "@cardea/tokens": 2,
  "@cardea/verify": 2,
  "@cardea/core": 1,
};

/** Of these the authority gets the wire and nothing else. */
const services = Object.entries(floors).flatMap(([name, floor]) => (floor === 4 ? [name] : []));
const contracts = { of: "packages/authority/src/", from: "packages/authority/src/dialects/", entry: "/contract" };

/** These serve every service alike, so their code names none. */
const impartial = ["@cardea/tokens", "@cardea/verify", "@cardea/guard"];
const serviceName = /st[-_ ]?peter|mcias|realmid|auki|cipherstash/i;

/** Only here do sockets open. A path that ends in "/" stands for all below it, and "*" for one name. */
const network = {
  modules: ["node:http", "node:https", "node:http2", "node:net", "node:tls", "node:dgram"],
  allowed: [
    "packages/core/src/transports/",
    "packages/authority/src/front/",
    "packages/authority/src/main.ts",
    // Sends what no client would: paths as they are, headers twice.
    "packages/conformance/src/wire/https.ts",
  ],
  /** These read addresses and open nothing. */
  harmless: ["isIP", "isIPv4", "isIPv6", "BlockList"],
};

/** Modules that run in every browser: nothing that they reach imports from Node. */
const portable = ["packages/core/src/index.ts"];

/** Inside the authority: what a room may not import, what only as types, which names from which package. */
const authority = "packages/authority/src/";
const walls = [
  {
    of: "identity/",
    never: ["dialects/", "front/", "pages/", "main.ts", "index.ts"],
    typesOnly: ["storage/"],
    // Using a thing up is one query, the same for all who ask.
    except: ["storage/single-use.ts"],
    names: { kysely: ["sql"] },
  },
  { of: "storage/", never: ["identity/", "dialects/", "front/", "pages/", "main.ts", "index.ts"] },
  // A folder each wire; what lies beside these folders joins them to the front.
  { of: "dialects/*/", never: ["main.ts", "index.ts"], typesOnly: ["front/"] },
];

/**
 * One import in one file, with what the rules ask of it.
 * @typedef {import("./imports.mjs").Import & { from: string, target?: string, package?: string }} Step
 *   `from` and `target` are paths from the root with "/", `package` is the name of another package.
 */

/**
 * What breaks the floors, one line each, such as `packages/core/src/io.ts:3 imports ...`.
 *
 * @param {string} [at] The root of the repository.
 * @returns {string[]}
 */
export function inspect(at = root) {
  /** @type {string[]} */
  const problems = [];
  /** @type {Map<string, Step[]>} */
  const graph = new Map();

  for (const { name, folder, manifest } of packages(at)) {
    if (!(name in floors)) problems.push(`${name} has no floor: give it one in scripts/floors.mjs`);
    const home = `${path(at, folder)}/src/`;
    for (const file of sourceFiles(folder)) {
      const from = path(at, file);
      const { imports, words } = readSource(file);
      const steps = imports.map((step) => ({ ...step, from, ...resolve(step.specifier, from) }));
      graph.set(from, steps);
      for (const step of steps) {
        for (const fault of faults(step, name, home)) problems.push(`${from}:${step.line} ${fault}`);
      }
      if (impartial.includes(name) && !isTest(from)) {
        for (const { text, line } of words.filter((word) => serviceName.test(word.text))) {
          problems.push(`${from}:${line} names a service: "${text}" is data of that service's package`);
        }
      }
    }
    problems.push(...undeclared(home, manifest, graph).map((fault) => `${path(at, folder)}/package.json ${fault}`));
  }
  for (const entry of portable) problems.push(...nodeImports(entry, graph));
  return problems;
}

/**
 * What is wrong with one import.
 *
 * @param {Step} step
 * @param {string} owner The package that imports.
 * @param {string} home Its sources.
 * @returns {string[]}
 */
function faults(step, owner, home) {
  const { specifier, from, target } = step;
  const found = [];
  if (target !== undefined && !target.startsWith(home)) {
    found.push(`imports ${specifier}, which is outside its package: import by the package's name`);
  }
  if (step.package !== undefined && step.package in floors && owner in floors) {
    if (floorOf(step.package) >= floorOf(owner)) {
      found.push(`imports ${specifier}, which is not on a floor below ${owner}`);
    } else if (services.includes(step.package) && within(from, contracts.of) && !isTest(from)) {
      const entry = step.package + contracts.entry;
      const permitted = within(from, contracts.from) && (specifier === entry || specifier.startsWith(`${entry}/`));
      if (!permitted)
        found.push(`imports ${specifier}: only a dialect may, and only ${step.package}${contracts.entry}`);
    }
  }
  if (isBuiltin(specifier) && !specifier.startsWith("node:")) found.push(`imports ${specifier} without "node:"`);
  if (network.modules.includes(specifier) && !isTest(from) && !network.allowed.some((area) => within(from, area))) {
    const harmless = step.names.length > 0 && step.names.every((name) => network.harmless.includes(name));
    if (!harmless) found.push(`imports ${specifier}: sockets belong to the transports and to the authority's front`);
  }
  if (within(from, authority) && !isTest(from)) found.push(...throughWalls(step));
  return found;
}

/**
 * @param {Step} step An import inside the authority.
 * @returns {string[]}
 */
function throughWalls({ specifier, from, target, typeOnly, names }) {
  const found = [];
  for (const wall of walls.filter(({ of }) => within(from, authority + of))) {
    const hits = (/** @type {string[]} */ areas = []) =>
      target !== undefined && areas.some((area) => within(target, authority + area));
    if (hits(wall.except)) continue;
    if (hits(wall.never)) found.push(`imports ${specifier}: ${wall.of} knows nothing of it`);
    if (hits(wall.typesOnly) && !typeOnly) found.push(`imports ${specifier}: ${wall.of} may take only types of it`);
    for (const name of wall.names?.[/** @type {"kysely"} */ (specifier)] ?? []) {
      if (names.includes(name)) found.push(`imports "${name}" of ${specifier}: not in ${wall.of}`);
    }
  }
  return found;
}

/**
 * How a manifest's dependencies differ from what its sources import.
 *
 * @param {string} home
 * @param {Record<string, any>} manifest
 * @param {Map<string, Step[]>} graph
 */
function undeclared(home, manifest, graph) {
  const sources = [...graph].filter(([file]) => file.startsWith(home) && !isTest(file));
  const used = new Set(sources.flatMap(([, steps]) => steps.flatMap((step) => step.package ?? [])));
  const declared = new Set(Object.keys({ ...manifest["dependencies"], ...manifest["peerDependencies"] }));
  return [
    ...[...used].filter((name) => !declared.has(name)).map((name) => `does not declare ${name}, which src imports`),
    ...[...declared].filter((name) => !used.has(name)).map((name) => `declares ${name}, which src does not import`),
  ];
}

/**
 * Every import of Node that a module reaches, with the way to it.
 *
 * @param {string} entry
 * @param {Map<string, Step[]>} graph
 */
function nodeImports(entry, graph) {
  /** @type {string[]} */
  const problems = [];
  const seen = new Set([entry]);
  const ways = [[entry]];
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const { specifier, target, typeOnly } of graph.get(/** @type {string} */ (way.at(-1))) ?? []) {
      if (typeOnly) continue;
      if (isBuiltin(specifier))
        problems.push(`${entry} must run in browsers and reaches ${specifier}: ${way.join(" > ")}`);
      if (target === undefined || seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return problems;
}

/**
 * Where an import leads: to a file of this repository or to a package.
 *
 * @param {string} specifier
 * @param {string} from
 */
function resolve(specifier, from) {
  if (specifier.startsWith(".")) {
    return {
      target: join(dirname(from), specifier)
        .replaceAll(sep, "/")
        .replace(/\.js(x?)$/, ".ts$1"),
    };
  }
  if (isBuiltin(specifier) || specifier.startsWith("#")) return {};
  return { package: specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/") };
}

/** @param {string} folder @returns {string[]} */
function sourceFiles(folder) {
  const src = join(folder, "src");
  if (!existsSync(src)) return [];
  const names = readdirSync(src, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.tsx?$/.test(name))
    .sort()
    .map((name) => join(src, name));
}

const floorOf = (/** @type {string} */ name) => floors[/** @type {keyof typeof floors} */ (name)];
const isTest = (/** @type {string} */ file) => file.includes(".test.");
const path = (/** @type {string} */ base, /** @type {string} */ file) => relative(base, file).replaceAll(sep, "/");

/** @param {string} file @param {string} area */
function within(file, area) {
  const names = file.split("/");
  const pattern = area.split("/");
  const deep = area.endsWith("/") ? names.length >= pattern.length : names.length === pattern.length;
  return deep && pattern.every((name, at) => name === names[at] || name === "*" || name === "");
}
