import { readdirSync, readFileSync } from "node:fs";
import { manualClock, type HttpRequest } from "@cardea/core";
import { describe, expect, test } from "vitest";
import { ReplyDropped } from "./front/exchange.js";
import { openInMemory, type InMemoryOptions } from "./in-memory.js";

const origin = "https://cardea.test";
const alice = { username: "alice", password: "correct horse battery", roles: ["user"] };

function open(options: Partial<InMemoryOptions> = {}) {
  return openInMemory({ origin, clock: manualClock(1_773_219_600_000), house: { accounts: [alice] }, ...options });
}

function post(url: string, json: object): HttpRequest {
  const headers = { "content-type": "application/json" };
  const limits = { success: 1 << 20, error: 1 << 20 };
  return { method: "POST", url, headers, body: JSON.stringify(json), route: "POST", repeat: "never", limits };
}

const login = (base: string | undefined, password = alice.password) =>
  post(`${base}/v1/auth/login`, { username: "alice", password });

describe("an authority in memory", () => {
  test("serves every wire under its prefix, or one at the root, where its tokens name the origin alone", async () => {
    for (const [options, issuer] of [
      [{}, `${origin}/mcias`],
      [{ atRoot: "mcias" }, origin],
    ] as const) {
      const authority = await open(options);
      expect(authority.urls).toEqual({ mcias: issuer });
      const reply = await authority.handle(login(issuer));
      const { token } = JSON.parse(Buffer.from(reply.body).toString("utf8"));
      const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));
      expect(claims.iss).toBe(issuer);
      await authority.close();
    }
  });

  test("checks passwords all the same", async () => {
    const authority = await open();
    expect((await authority.handle(login(authority.urls["mcias"], "wrong"))).status).toBe(401);
    await authority.close();
  });

  test("passes on that somebody behind the door wants no reply, and nothing else that is thrown", async () => {
    let thrown: Error = new ReplyDropped("planted");
    const authority = await open({ wrapMount: (mount) => ({ ...mount, handle: () => Promise.reject(thrown) }) });
    await expect(authority.handle(login(authority.urls["mcias"]))).rejects.toBe(thrown);
    thrown = new Error("a fault");
    expect((await authority.handle(login(authority.urls["mcias"]))).status).toBe(500);
    await authority.close();
  });

  test("takes further accounts while it runs, and keeps no secret of a setting as it is", async () => {
    const authority = await open();
    const report = await authority.apply({
      accounts: [{ username: "bob", password: "another long passphrase" }],
      mcias: { vault: { passphrase: "open sesame, please" } },
    });
    expect(report.changes).toEqual(["created account bob (human, no roles)", "stored the settings of mcias"]);
    expect(await authority.subjectOf("mcias", "bob")).toMatch(/^[0-9a-f-]{36}$/);
    await authority.close();
  });
});

test("hashes that cost nothing are made nowhere else: no command and no house file leads to them", () => {
  const users = (module: string) =>
    ["../src", "../../cli/src"]
      .map((folder) => new URL(`${folder}/`, import.meta.url))
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: "utf8" })
          .filter((file) => file.endsWith(".ts") && !file.includes(".test."))
          .filter((file) => readFileSync(new URL(file, folder), "utf8").includes(module)),
      );
  expect(users("in-process-hashes.js")).toEqual(["in-memory.ts"]);
  expect(users("in-memory.js")).toEqual(["index.ts"]);
  expect(users("openInMemory")).toEqual(["in-memory.ts", "index.ts"]);
});
