// Packs every package as it would be published, and looks at it with the eyes of its users: does each entry resolve, to
// ES modules with types of their own, and is nothing in it that does not belong there.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { filterProblems } from "@arethetypeswrong/core/problems";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { npm } from "../npm.mjs";
import { packages } from "../workspace.mjs";

/** The ways of resolving that ESM-only packages are for. */
const resolutions = /** @type {const} */ (["node16-esm", "bundler"]);

const folder = mkdtempSync(join(tmpdir(), "cardea-shape-"));
try {
  const rooms = packages();
  const packed = await pack(folder);
  const problems = await Promise.all(
    rooms.map(async (room) => {
      const { filename, files } = packed.find(({ name }) => name === room.name) ?? { filename: "", files: [] };
      const tarball = new Uint8Array(readFileSync(join(folder, filename)));
      const found = [
        ...(await manifestProblems(room, tarball)),
        ...(await typeProblems(room, tarball)),
        ...strays(files),
      ];
      return found.map((problem) => `${room.name}: ${problem}`);
    }),
  );
  if (problems.flat().length > 0) {
    console.log(problems.flat().join("\n"));
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Packs all packages at once.
 *
 * @param {string} destination
 * @returns {Promise<{ name: string, filename: string, files: { path: string }[] }[]>}
 */
async function pack(destination) {
  const args = ["pack", "--workspaces", "--json", "--ignore-scripts", "--silent", "--pack-destination", destination];
  const { code, output } = await npm(args);
  if (code !== 0) throw new Error(output);
  const report = JSON.parse(output);
  return Array.isArray(report) ? report : Object.values(report);
}

/**
 * What publint finds in package.json and the files that it names.
 *
 * @param {import("../workspace.mjs").Package} room
 * @param {Uint8Array<ArrayBuffer>} tarball
 */
async function manifestProblems({ manifest }, tarball) {
  const { messages } = await publint({ pack: { tarball: tarball.buffer }, level: "warning", strict: true });
  return messages.map((message) => formatMessage(message, manifest, { color: false }) ?? message.code);
}

/**
 * What "are the types wrong" finds for importers of ES modules.
 *
 * @param {import("../workspace.mjs").Package} room
 * @param {Uint8Array} tarball
 */
async function typeProblems({ name, entries }, tarball) {
  const entrypoints = entries.map(({ specifier }) => specifier.replace(name, "."));
  const result = await checkPackage(createPackageFromTarballData(tarball), { entrypoints });
  if (result.types === false) return ["has no types"];
  const kinds = resolutions.flatMap((resolutionKind) =>
    filterProblems(result, { resolutionKind }).map((problem) => `${problem.kind} (${where(problem)})`),
  );
  return [...new Set(kinds)];
}

/** @param {import("@arethetypeswrong/core").Problem} problem */
function where(problem) {
  if ("entrypoint" in problem) return problem.entrypoint;
  return "typesFileName" in problem ? problem.typesFileName : problem.fileName;
}

/** Tests and the compiler's notes stay at home. @param {{ path: string }[]} files */
function strays(files) {
  return files
    .map(({ path }) => path)
    .filter((path) => /\.test\.|\.tsbuildinfo$|^src\//.test(path))
    .map((path) => `packs ${path}`);
}
