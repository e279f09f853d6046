// Keeps api/: for each entry of each package the types that its users see, as one file that is reviewed like code.
// Fails where a file differs from what was built; with --write it writes the files anew.
import { mkdirSync, mkdtempSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { packages, root } from "../workspace.mjs";

const write = process.argv.includes("--write");
const folder = join(root, "api");
const fresh = mkdtempSync(join(tmpdir(), "cardea-api-"));
/** What is said of a compiler, a doc comment or a type left out of the entry does not belong in a report of types. */
const silent = { default: { logLevel: ExtractorLogLevel.None, addToApiReportFile: false } };

try {
  const names = packages().flatMap((room) => extract(room));
  const complaints = names.flatMap((name) => compare(name, read(join(folder, name)), read(join(fresh, name))));
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (names.includes(name)) continue;
    if (write) rmSync(join(folder, name));
    else complaints.push(`api/${name} belongs to no entry of a package`);
  }
  if (complaints.length > 0) {
    console.log([...complaints, "", "Where that is what you want: npm run check -- --write"].join("\n"));
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/**
 * Writes the reports of one package to the fresh folder.
 *
 * @param {import("../workspace.mjs").Package} room
 * @returns {string[]} Their names.
 */
function extract({ folder: packageFolder, entries }) {
  const configs = entries
    .filter(({ types }) => existsSync(join(packageFolder, types)))
    .map(({ name, types }) => configure(packageFolder, name, join(packageFolder, types)));
  const [first, ...rest] = configs;
  if (first === undefined) return [];
  const additionalEntryPoints = rest.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath);
  const compilerState = CompilerState.create(first, { additionalEntryPoints });
  for (const config of configs) {
    Extractor.invoke(config, {
      compilerState,
      localBuild: true,
      messageCallback: (message) => {
        if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
      },
    });
  }
  return configs.map(({ reportFilePath }) => reportFilePath.slice(fresh.length + 1));
}

/**
 * @param {string} packageFolder
 * @param {string} name
 * @param {string} types
 */
function configure(packageFolder, name, types) {
  return ExtractorConfig.prepare({
    configObjectFullPath: join(packageFolder, "api-extractor.json"),
    packageJsonFullPath: join(packageFolder, "package.json"),
    configObject: {
      projectFolder: packageFolder,
      mainEntryPointFilePath: types,
      compiler: { tsconfigFilePath: join(packageFolder, "tsconfig.json") },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: fresh,
        reportTempFolder: join(fresh, "temp"),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: { compilerMessageReporting: silent, extractorMessageReporting: silent, tsdocMessageReporting: silent },
    },
  });
}

/**
 * @param {string} name
 * @param {string} kept
 * @param {string} built
 * @returns {string[]} What is wrong, in lines for a person.
 */
function compare(name, kept, built) {
  if (kept === built) return [];
  if (write) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), built);
    return [];
  }
  if (kept === "") return [`api/${name} is missing`];
  const gone = without(kept, built).map((line) => `  - ${line}`);
  const come = without(built, kept).map((line) => `  + ${line}`);
  return [`api/${name} differs:`, ...gone, ...come];
}

/** The lines of one text that another has not. @param {string} text @param {string} other */
function without(text, other) {
  const known = new Set(other.split("\n"));
  return text.split("\n").filter((line) => !known.has(line));
}

/** @param {string} file */
function read(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
