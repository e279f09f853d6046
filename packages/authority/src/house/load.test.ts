import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { CardeaError, Secret } from "@cardea/core";
import { afterAll, describe, expect, test } from "vitest";
import { loadHouse } from "./load.js";

const folder = mkdtempSync(join(tmpdir(), "cardea-house-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** What loading fails with. */
async function failureOf(source: string | object, env: Record<string, string> = {}): Promise<CardeaError> {
  const failure: unknown = await loadHouse(source, env).then(
    () => new Error("the house was loaded"),
    (error: unknown) => error,
  );
  if (failure instanceof CardeaError) return failure;
  throw failure;
}

const password = "correct horse battery";
const secretOf = async (source: unknown, env: Record<string, string> = {}) => {
  const path = write("one.json", JSON.stringify({ accounts: [{ username: "alice", password: source }] }));
  const house = await loadHouse(path, env);
  const found = house.accounts[0]?.password;
  return { value: found instanceof Secret ? found.expose() : found, warnings: house.warnings };
};

test("an account that says only its name is a human about whom nothing else is said", async () => {
  expect((await loadHouse({ accounts: [{ username: "alice" }] })).accounts).toEqual([
    { username: "alice", kind: "human" },
  ]);
});

test("the demo house loads", async () => {
  const demo = fileURLToPath(new URL("../../../../examples/demo-house.json", import.meta.url));
  const house = await loadHouse(demo, {});
  expect(house.accounts.map(({ username, kind }) => `${username} ${kind}`)).toEqual([
    "alice human",
    "root human",
    "ingest system",
    "otto human",
  ]);
  expect(Object.keys(house.settings)).toEqual(["mcias"]);
});

test("sections of wires that are not served are taken as they are, and named", async () => {
  const house = await loadHouse({ auki: { organizations: [{ name: "Acme" }] }, stPeter: {}, mcias: {} });
  expect(house.notServed).toEqual(["auki", "stPeter"]);
  expect(house.settings).toEqual({ mcias: {} });
});

test("an e-mail address is the same in any case", async () => {
  const house = await loadHouse({ accounts: [{ username: "alice", email: "Alice@Example.COM" }] });
  expect(house.accounts[0]?.email).toBe("alice@example.com");
});

describe("a secret comes from", () => {
  test("the file itself", async () => {
    expect(await secretOf(password)).toEqual({ value: password, warnings: [] });
  });

  test("a file beside it, without one newline at its end", async () => {
    write("alice.pw", `${password}\n`);
    expect((await secretOf({ file: "alice.pw" })).value).toBe(password);
    write("alice.pw", `${password}\r\n`);
    expect((await secretOf({ file: "alice.pw" })).value).toBe(password);
    write("alice.pw", `${password}\n\n`);
    expect((await secretOf({ file: "alice.pw" })).value).toBe(`${password}\n`);
  });

  test("a file that others can read, with a warning", async () => {
    write("open.pw", password, 0o644);
    const { value, warnings } = await secretOf({ file: "open.pw" });
    expect(value).toBe(password);
    expect(warnings).toEqual([expect.stringContaining("open.pw can be read by others")]);
  });

  test("the environment", async () => {
    expect((await secretOf({ env: "ALICE_PW" }, { ALICE_PW: password })).value).toBe(password);
  });

  test("nowhere yet, where it is to be generated", async () => {
    expect((await secretOf({ generate: true })).value).toBe("generate");
  });
});

const account = (facts: object) => ({ accounts: [{ username: "alice", ...facts }] });
const planted = "planted-secret-value";

describe("a house is refused as invalid", () => {
  test.each<[string, object, string]>([
    ["an unknown key", { acounts: [] }, "acounts: there is no such key"],
    ["an unknown key of an account", account({ pasword: planted }), "accounts[0].pasword: there is no such key"],
    [
      "a second source beside the first",
      account({ password: { file: "x", env: "Y" } }),
      "accounts[0].password.env: there is no such key",
    ],
    ["an account without a name", { accounts: [{}] }, "accounts[0].username: expected 1 to 63 characters"],
    ["a list in place of an object", { mcias: [] }, "mcias: expected how the MCIAS wire is spoken"],
    ["an object in place of a list", { accounts: {} }, "accounts: expected a list of accounts"],
    ["a bad name", account({ username: "a b" }), "accounts[0].username: expected 1 to 63 characters"],
    [
      "a name twice",
      { accounts: [{ username: "a" }, { username: "a" }] },
      "accounts[1].username: accounts[0] has the same",
    ],
    ["a bad type", account({ type: "robot" }), "accounts[0].type: expected one of human, system"],
    ["a bad status", account({ status: "deleted" }), "accounts[0].status: expected one of active, inactive"],
    [
      "a bad telephone number",
      account({ phone: "0123" }),
      "accounts[0].phone: expected a telephone number in E.164 form",
    ],
    ["a bad role", account({ roles: ["ok", "No"] }), "accounts[0].roles[1]: expected a role name"],
    ["a short password", account({ password: "planted" }), "accounts[0].password: expected 12 to 1024 bytes"],
    ["a source that is none", account({ password: { generate: false } }), "accounts[0].password"],
    ["a secret that is a number", account({ password: 12 }), "accounts[0].password: expected a text, {"],
    ["a bad TOTP secret", account({ totp: planted }), "accounts[0].totp: expected base32"],
    ["a short TOTP secret", account({ totp: "GEZDGNBVGY3TQOI" }), "accounts[0].totp: expected base32"],
    [
      "a password of a system account",
      account({ type: "system", password: planted }),
      "accounts[0].password: a system account has none",
    ],
    [
      "a factor of a system account",
      account({ type: "system", totp: planted }),
      "accounts[0].totp: a system account has none",
    ],
    [
      "a hash below the floor",
      { passwordHash: { memoryKiB: 19_455 } },
      "passwordHash.memoryKiB: expected a whole number from 19456",
    ],
    [
      "a limit that is no whole number",
      { guesses: { limit: 1.5 } },
      "guesses.limit: expected a whole number from 1 to 1000",
    ],
    [
      "a network limit that is a word",
      { guesses: { perNetwork: "none" } },
      'guesses.perNetwork: expected a whole number from 1 to 1000000, or "off"',
    ],
    [
      "keys that would be rotated at every moment",
      { keys: { rotateDays: 0 } },
      'keys.rotateDays: expected a whole number of days from 1 to 3650, or "off"',
    ],
    ["a section that is no object", { realmid: 3 }, "realmid: expected an object"],
  ])("for %s", async (_, house, message) => {
    const failure = await failureOf(house);
    expect(failure).toMatchObject({ code: "house_invalid", help: expect.stringContaining("Correct this place") });
    expect(failure.message).toContain(`the house: ${message}`);
    expect(inspect(failure, { depth: 9 })).not.toContain("planted");
  });

  test.each<[string, string | Uint8Array, string]>([
    ["no JSON", "{", "expected JSON"],
    ["a key that stands twice", '{ "accounts": [], "accounts": [] }', "a name stands twice"],
    ["a text that is not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), "not UTF-8"],
    ["more than a mebibyte", `{}${" ".repeat(1024 * 1024)}`, "at most 1048576 bytes"],
  ])("for %s, with the name of the file", async (_, content, message) => {
    const path = write("broken.json", content);
    const failure = await failureOf(path);
    expect(failure.code).toBe("house_invalid");
    expect(failure.message).toMatch(new RegExp(`^${path}: .*${message}`));
  });

  test("for a variable that is not set, with its name", async () => {
    const failure = await failureOf(account({ password: { env: "ALICE_PW" } }));
    expect(failure).toMatchObject({
      code: "house_invalid",
      message: "the house: accounts[0].password: the environment variable ALICE_PW is not set",
    });
  });

  test("for a secret file that is no text or far too long", async () => {
    const of = (file: string) => failureOf(write("house.json", JSON.stringify(account({ password: { file } }))));
    write("binary.pw", Uint8Array.of(0xff, 0xfe));
    expect((await of("binary.pw")).message).toContain("accounts[0].password: the file binary.pw is not UTF-8");
    write("long.pw", "x".repeat(65 * 1024));
    expect((await of("long.pw")).message).toContain("long.pw is longer than a secret can be");
  });
});

test("a file of a mebibyte is not too long", async () => {
  const path = write("long.json", `{}${" ".repeat(1024 * 1024 - 2)}`);
  expect((await loadHouse(path)).accounts).toEqual([]);
});

describe("a house is unreadable", () => {
  test("where its file is missing", async () => {
    const path = join(folder, "missing.json");
    const failure = await failureOf(path);
    expect(failure.code).toBe("house_unreadable");
    expect(failure.message).toBe(`the house file ${path} cannot be read (ENOENT)`);
  });

  test("where a secret file is missing, with its place", async () => {
    const path = write("house.json", JSON.stringify(account({ password: { file: "missing.pw" } })));
    const failure = await failureOf(path);
    expect(failure.code).toBe("house_unreadable");
    expect(failure.message).toBe(`${path}: accounts[0].password: the file missing.pw cannot be read (ENOENT)`);
  });

  test("where it is a folder", async () => {
    expect((await failureOf(folder)).code).toBe("house_unreadable");
  });
});

test("no secret of a loaded house shows itself", async () => {
  const house = await loadHouse(account({ password: `${planted} by value`, totp: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" }));
  expect(inspect(house, { depth: 9 }) + JSON.stringify(house)).not.toMatch(/planted|GEZDGNBV/);
});
