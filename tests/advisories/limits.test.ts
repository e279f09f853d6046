import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:net";
import { startAuthority, type Authority } from "@cardea/authority";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHouse, passwords, usualHouse } from "../mcias/house.js";

describe("row 60:", () => {
  test("all spellings of one account's login share one count", async () => {
    await using house = await openHouse();
    const text = (username: string, more = "") => `{"username":"${username}","password":"wrong"${more}}`;
    const spellings = [
      text("alice"),
      text("\\u0061lice"),
      text("al\\u0069ce", ',"totp_code":""'),
      text("alice", ',"service_name":"s"'),
      text("alice", ',"tags":["a"]'),
      text("alice", ',"totp_code":"123456"'),
      text("alice", ',"totp_code":null'),
      ` {"password" : "wrong" ,\n "username" : "\\u0061\\u006cice" } `,
      text("alice", ',"service_name":null'),
      text("\\u0061\\u006C\\u0069\\u0063\\u0065"),
    ];
    expect(spellings).toHaveLength(10);
    for (const body of spellings) {
      expect((await house.raw("POST", "/v1/auth/login", { body })).status, body).toBe(401);
    }
    const right = { username: "alice", password: passwords.alice };
    expect((await house.raw("POST", "/v1/auth/login", { body: right })).status, "the eleventh").toBe(401);
    const rows = await house.storage.read
      .selectFrom("guesses")
      .selectAll()
      .where("subject", "like", "account:%")
      .execute();
    expect(rows.map(({ failures }) => failures)).toEqual([10]);
  });
});

describe("behind a trusted proxy", () => {
  let dataFolder: string;
  let authority: Authority;
  let ca: string;
  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), "cardea-proxied-"));
    // A bucket that does not fill again while the test runs.
    const rate = { perSecond: 0.000_001, burst: 3 };
    const house = { ...usualHouse(), mcias: { rates: { login: "off", validate: rate } } };
    authority = await startAuthority({ dataFolder, house, port: 0, trustedProxies: ["127.0.0.1"] });
    ca = await readFile(authority.caCert ?? "", "utf8");
  });
  afterAll(async () => {
    await authority.close();
    await rm(dataFolder, { recursive: true, force: true });
  });

  function from(forwardedFor: string): Promise<number | undefined> {
    const headers = { "x-forwarded-for": forwardedFor };
    return new Promise((resolve, reject) => {
      request(
        `${authority.urls["mcias"] ?? ""}/v1/token/validate`,
        { method: "POST", ca, agent: false, headers },
        (reply) => {
          reply.resume().on("end", () => resolve(reply.statusCode));
        },
      )
        .on("error", reject)
        .end();
    });
  }

  test("row 61: every spelling of an address and its neighbours share one rate, and other networks have theirs", async () => {
    const spellings = ["2001:db8::1", "2001:0db8:0:0:0:0:0:2", "[2001:DB8::3]:443"];
    for (const one of spellings) expect(await from(one), one).toBe(200);
    for (const one of [
      "2001:db8::1",
      "2001:db8:0:0:ffff::1",
      "2001:DB8::",
      "2001:db8::1.2.3.4",
      "[2001:db8::4]",
      "1.1.1.1, 2001:db8::9",
    ]) {
      expect(await from(one), one).toBe(429);
    }
    expect(await from("2001:db8:0:1::1")).toBe(200);
    for (const one of ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"]) expect(await from(one), one).toBe(200);
    expect(await from("192.0.2.1:80")).toBe(429);
  });

  test("row 62: what cannot be read is no way around a rate: the proxy's own counts, however it is spelt", async () => {
    for (const one of ["unknown", "x", "1.2.3"]) expect(await from(one), one).toBe(200);
    for (const one of ["y", "999.1.1.1", "1.1.1.1,", "_hidden", "127.0.0.1", "%", "198.51.100.7, nonsense"]) {
      expect(await from(one), one).toBe(429);
    }
  });
});

describe("row 64:", () => {
  test("a stored hash that asks for too much, or for nonsense, is refused like a wrong password and never computed", async () => {
    await using house = await openHouse();
    const salted = "c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    for (const phc of [
      `$argon2id$v=19$m=4294967295,t=2,p=1$${salted}`,
      `$argon2id$v=19$m=19456,t=4294967295,p=1$${salted}`,
      `$argon2id$v=19$m=19456,t=2,p=16777215$${salted}`,
      `$argon2id$v=19$m=262145,t=2,p=1$${salted}`,
      `$argon2id$v=19$m=0,t=0,p=0$${salted}`,
      `$argon2id$v=19$m=-1,t=2,p=1$${salted}`,
      `$argon2id$v=19$m=19456,t=2,p=1$$`,
      `$argon2id$v=19$m=19456,t=2,p=1$${"A".repeat(100_000)}$AAAA`,
      `$2b$31$${"a".repeat(53)}`,
      "plain text",
      "",
    ]) {
      await house.storage.unit((tx) => tx.updateTable("passwords").set({ phc }).execute());
      const body = { username: "alice", password: passwords.alice };
      const reply = await house.raw("POST", "/v1/auth/login", { body });
      expect([reply.status, reply.body.code], phc.slice(0, 40)).toEqual([401, "unauthorized"]);
      await house.storage.unit((tx) => tx.deleteFrom("guesses").execute());
    }
    expect((await house.raw("GET", "/v1/health")).status).toBe(200);
  });
});

describe("row 65:", () => {
  test("a password of nearly a mebibyte is a wrong one, a longer body too large, and a new password has a bound", async () => {
    await using house = await openHouse();
    const login = (password: string) => house.raw("POST", "/v1/auth/login", { body: { username: "alice", password } });
    expect((await login("x".repeat(1024 * 1024 - 100))).status).toBe(401);
    expect((await login(passwords.alice + "\0".repeat(100_000))).status).toBe(401);
    expect((await login("x".repeat(1024 * 1024))).status).toBe(413);
    const token = await house.tokenOf("root");
    const create = (password: string) =>
      house.raw("POST", "/v1/accounts", {
        token,
        body: { username: `u${password.length}`, account_type: "human", password },
      });
    expect((await create("x".repeat(1025))).status).toBe(400);
    expect((await create("x".repeat(1024))).status).toBe(201);
    expect((await login(passwords.alice)).status).toBe(200);
  });
});

describe("B2.4:", () => {
  test("a new authority has nobody in it: no default credential of anybody opens it", async () => {
    await using house = await openHouse({ mcias: { rates: { login: "off" } }, guesses: { perNetwork: "off" } });
    const names = ["admin", "root", "administrator", "cardea", "test"];
    for (const username of names) {
      for (const password of ["admin", "password", "Password1!", "123", username, "changeme", "cardea"]) {
        const reply = await house.raw("POST", "/v1/auth/login", { body: { username, password } });
        expect(reply.status, `${username} ${password}`).toBe(401);
      }
    }
    expect(await house.storage.read.selectFrom("accounts").selectAll().execute()).toEqual([]);
  });
});

describe("row 75:", () => {
  test("without being told to, nothing listens but loopback", async () => {
    await using house = await openHouse();
    const port = Number(new URL(house.url).port);
    const elsewhere = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const hosts = elsewhere.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address);
    if (process.platform === "linux") hosts.push("127.0.0.2");
    for (const host of hosts) {
      const outcome = await new Promise<string>((resolve) => {
        const socket = connect(port, host, () => resolve("connected"));
        socket.on("error", () => resolve("refused")).on("connect", () => socket.destroy());
      });
      expect(outcome, host).toBe("refused");
    }
  });
});
