import { isBuiltin } from "node:module";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { root } from "./workspace.mjs";

/**
 * A bundle as a user's bundler would make it.
 * @typedef {object} Bundle
 * @property {number} bytes Its size, minified and gzipped, with everything in it but Node's own modules.
 * @property {string[]} nodeImports The modules of Node that are left in it.
 */

/**
 * Bundles everything that an entry exports.
 *
 * @param {string} specifier What an importer writes, such as `@cardea/core`.
 * @param {"browser" | "node"} platform
 * @returns {Promise<Bundle>}
 */
export async function bundle(specifier, platform) {
  const entry = "\0entry";
  const build = await rolldown({
    cwd: root,
    input: entry,
    platform,
    external: isBuiltin,
    logLevel: "silent",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? `export * from ${JSON.stringify(specifier)};` : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  const chunks = output.filter((file) => file.type === "chunk");
  return {
    bytes: chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0),
    nodeImports: chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]).filter(isBuiltin),
  };
}
