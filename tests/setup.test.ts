import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request } from "node:https";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setupLink, startAuthority, type Authority } from "@cardea/authority";
import { MciasClient } from "@cardea/mcias";
import { afterEach, beforeEach, expect, test } from "vitest";

let dataFolder: string;
let authority: Authority;
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "cardea-setup-"));
  authority = await startAuthority({ dataFolder, port: 0 });
});
afterEach(async () => {
  await authority.close();
  await rm(dataFolder, { recursive: true, force: true });
});

interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function visit(url: string, form?: Record<string, string>): Promise<Page> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: body === undefined ? "GET" : "POST",
        ca: readFileSync(authority.caCert as string),
        agent: false,
        headers: body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" },
      },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const filled = { username: "root", password: "a very long passphrase", again: "a very long passphrase" };

test("without an administrator the authority gives a link, and the link makes one", async () => {
  const link = authority.setupLink as string;
  expect(await setupLink({ dataFolder, baseUrl: "https://unused" }), "whoever may read the folder").toBe(link);
  const form = await visit(link);
  expect(form.status).toBe(200);
  expect(form.text).toContain('<form method="post">');

  const made = await visit(link, filled);
  expect(made.status).toBe(200);
  expect(made.text).toContain("root");
  expect(made.text).not.toContain(filled.password);
  const client = new MciasClient({
    serverUrl: authority.urls["mcias"] as string,
    caCertPath: authority.caCert as string,
  });
  await client.login("root", filled.password);
  expect(await client.validateToken(client.token as string)).toMatchObject({ valid: true, roles: ["admin"] });
  expect(await readdir(dataFolder)).not.toContain("setup-link");
});

test("the link works once: of many at once one wins, and afterwards it says that it is over", async () => {
  const link = authority.setupLink as string;
  const pages = await Promise.all(
    Array.from({ length: 6 }, (_, i) => visit(link, { ...filled, username: `root${i}` })),
  );
  expect(pages.map((page) => page.status).sort()).toEqual([200, 404, 404, 404, 404, 404]);
  expect((await visit(link, filled)).status).toBe(404);
});

test("a restart prints a new link and ends the former one, and none where there is an administrator", async () => {
  const former = new URL(authority.setupLink as string).pathname;
  await authority.close();
  authority = await startAuthority({ dataFolder, port: 0 });
  const link = authority.setupLink as string;
  expect((await visit(new URL(former, link).href, filled)).status).toBe(404);
  expect((await visit(link, filled)).status).toBe(200);
  await authority.close();
  authority = await startAuthority({ dataFolder, port: 0 });
  expect(authority.setupLink).toBeUndefined();
  await authority.close();
  expect(await setupLink({ dataFolder, baseUrl: "https://unused" })).toBeUndefined();
});

test.each<[string, Record<string, string>, string]>([
  ["a short password", { ...filled, password: "short", again: "short" }, "at least 12"],
  ["two passwords", { ...filled, again: "another passphrase" }, "differ"],
  ["a bad name", { ...filled, username: "-root" }, "letters, digits"],
  ["nothing", {}, "letters, digits"],
  ["markup for a name", { ...filled, username: '"><script>alert(1)</script>' }, "&lt;script&gt;"],
])("%s is told beside the form, keeps the name, and leaves the link good", async (_, form, said) => {
  const link = authority.setupLink as string;
  const page = await visit(link, form);
  expect(page.status).toBe(400);
  expect(page.text).toContain(said);
  expect(page.text).toContain('role="alert"');
  expect(page.text).not.toContain("<script>");
  expect((await visit(link, filled)).status).toBe(200);
});

test("the page loads nothing, may not be framed or kept, and tells no other site where it was", async () => {
  const { headers, text } = await visit(authority.setupLink as string);
  const style = /<style>([^]*)<\/style>/.exec(text)?.[1] ?? "";
  const digest = createHash("sha256").update(style).digest("base64");
  expect(headers["content-security-policy"], "the policy lets the page have its own style").toContain(digest);
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
  );
  expect(headers).toMatchObject({
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
  });
});

test("a code that never was is as one that is over", async () => {
  const base = new URL(authority.setupLink as string).origin;
  for (const path of ["/setup", "/setup/x", `/setup/${"A".repeat(32)}`]) {
    expect((await visit(base + path, filled)).status, path).toBe(404);
  }
});
