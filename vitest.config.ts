import { defineConfig } from "vitest/config";

const soak = process.env["CARDEA_SOAK"] === "1";
const minutes = 60_000;

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "tests/**/*.test.ts", "scripts/**/*.test.mjs"],
    exclude: soak ? ["**/node_modules/**"] : ["**/node_modules/**", "**/*.soak.test.ts"],
    // Native modules and worker threads are safest in processes of their own.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: soak ? 30 * minutes : 20_000,
    hookTimeout: soak ? 5 * minutes : 60_000,
    silent: "passed-only",
    server: {
      deps: {
        // Other packages are tested as their users get them: built, and loaded by Node itself.
        external: [/\/packages\/[^/]+\/dist\//],
      },
    },
  },
});
