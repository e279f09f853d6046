// Bundles the entries of scripts/sizes.json, prints what each weighs, and fails where one is over its limit of bytes.
import { join } from "node:path";
import { bundle } from "../bundle.mjs";
import { readJson, root } from "../workspace.mjs";

/** @type {Record<string, { platform: "browser" | "node", limit: number }>} */
const sizes = readJson(join(root, "scripts/sizes.json"));

for (const [specifier, { platform, limit }] of Object.entries(sizes)) {
  const { bytes } = await bundle(specifier, platform);
  const columns = [specifier.padEnd(22), kilobytes(bytes), " of ", kilobytes(limit), " kB  ", platform];
  console.log(`${columns.join("")}${bytes > limit ? "  TOO LARGE" : ""}`);
  if (bytes > limit) process.exitCode = 1;
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return (bytes / 1000).toFixed(1).padStart(5);
}
