import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPrivateKey, randomBytes } from "node:crypto";
import { manualClock } from "@cardea/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTls } from "./given-certificate.js";
import { issueAuthority, issueServer, type Issued } from "./issue.js";
import { privateNames } from "./names.js";

const start = Date.parse("2026-03-11T09:00:00Z");
const dayMs = 24 * 3_600_000;
let folder: string;
let authority: Issued;
let server: Issued;

async function put(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cardea-given-"));
  const context = { now: start, random: randomBytes };
  authority = issueAuthority(privateNames, context);
  server = issueServer(authority, { names: ["auth.test"], addresses: [] }, context);
  await put("chain.pem", server.cert + authority.cert);
  await put("server.key", server.key);
  await put("other.key", authority.key);
  await put("rubbish", "hunter2");
  const locked = createPrivateKey(server.key).export({
    format: "pem",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: "x",
  });
  await put("locked.key", locked.toString());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = (cert: string, key: string, now = start) =>
  readTls({ certPath: join(folder, cert), keyPath: join(folder, key), clock: manualClock(now) });

describe("an operator's own certificate", () => {
  test("is taken with its chain", async () => {
    expect(await read("chain.pem", "server.key")).toEqual({ cert: server.cert + authority.cert, key: server.key });
  });

  test.each([
    ["has the key of another", "chain.pem", "other.key", start, "tls_key_mismatch"],
    ["is over", "chain.pem", "server.key", start + 398 * dayMs, "tls_certificate_expired"],
    ["is not valid yet", "chain.pem", "server.key", start - dayMs, "tls_certificate_not_yet_valid"],
    ["is not there", "none.pem", "server.key", start, "tls_file_missing"],
    ["has no key", "chain.pem", "none.key", start, "tls_file_missing"],
    ["is none", "rubbish", "server.key", start, "tls_file_malformed"],
    ["has a key that is none", "chain.pem", "rubbish", start, "tls_file_malformed"],
    ["has a key behind a passphrase", "chain.pem", "locked.key", start, "tls_file_malformed"],
    ["is a folder", ".", "server.key", start, "tls_file_unreadable"],
  ])("is refused where it %s", async (_, cert, key, now, code) => {
    const refused = read(cert, key, now);
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.not.toThrow("hunter2");
  });
});
