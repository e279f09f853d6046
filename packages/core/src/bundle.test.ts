import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

/** What an entry comes to in a browser or a worker: its code, and what it still asks the runtime for. */
async function bundle(entry: string): Promise<{ readonly code: string; readonly imports: readonly string[] }> {
  const build = await rolldown({
    input: fileURLToPath(new URL(entry, import.meta.url)),
    platform: "browser",
    logLevel: "silent",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  const chunks = output.filter((part) => part.type === "chunk");
  return { code: chunks.map(({ code }) => code).join("\n"), imports: chunks.flatMap((chunk) => chunk.imports) };
}

test.each(["./index.ts", "./serve.ts", "./transports/fetch.ts", "./transports/memory.ts", "./simulate/index.ts"])(
  "%s bundles for browsers and workers without a module of Node's",
  async (entry) => {
    const { code, imports } = await bundle(entry);
    expect(imports).toEqual([]);
    expect(code).not.toMatch(/["']node:|\brequire\(|\bBuffer\b|\bprocess\./);
  },
);

test("the HTTPS transport is what needs Node", async () => {
  const { imports } = await bundle("./transports/https.ts");
  expect([...imports].sort()).toEqual(["node:crypto", "node:http", "node:https"]);
});
