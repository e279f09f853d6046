import { namedSources, packages } from "./scripts/workspace.mjs";

/** What is used though no file imports it: what the manifest names, commands, threads and tests. */
const rooms = packages().map((room) => [
  `packages/${room.room}`,
  {
    entry: [...namedSources(room), "src/main.ts", "src/**/*.worker.ts", "src/**/*.test.*"],
    project: ["src/**/*.{ts,tsx}"],
  },
]);

export default {
  workspaces: {
    ".": {
      entry: [
        "scripts/{run,test,check,reporter,not-proved}.mjs",
        "scripts/steps/*.mjs",
        "scripts/*.test.mjs",
        "{tests,examples,bench}/**/*.{ts,mjs}",
      ],
      project: ["scripts/**/*.mjs", "{tests,examples,bench}/**/*.{ts,mjs}"],
      // The root stands above all packages and lists none.
      ignoreDependencies: [/^@cardea\//],
    },
    ...Object.fromEntries(rooms),
  },
  ignoreExportsUsedInFile: true,
};
