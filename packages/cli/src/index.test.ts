import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./index.js";

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "cardea-cli-"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

interface Ending {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cardea(argv: readonly string[], env: Record<string, string> = {}): Promise<Ending> {
  let [out, err] = ["", ""];
  const code = await run(argv, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env,
    cwd,
    // Whoever starts to serve stops at once.
    signal: AbortSignal.abort(),
  });
  return { code, out, err };
}

describe("help", () => {
  test("the general help names every command", async () => {
    const { code, out, err } = await cardea(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/serve[^]*apply FILE[^]*setup[^]*tour/);
  });

  test("without a command it goes to standard error and the usage was wrong", async () => {
    const { out: help } = await cardea(["-h"]);
    expect(await cardea([])).toEqual({ code: 2, out: "", err: help });
  });

  test.each([["serve"], ["apply"], ["setup"], ["export"], ["import"], ["tour"]])(
    "that of %s fits a terminal",
    async (command) => {
      const { code, out } = await cardea([command, "--help"]);
      expect(code).toBe(0);
      expect(out).toContain(`Usage: cardea ${command}`);
      expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    },
  );

  test("options without effect in this version are not in it", async () => {
    const { out } = await cardea(["serve", "--help"]);
    expect(out).toContain("--http-port PORT");
    expect(out).not.toContain("--grpc-port");
    expect(out).not.toContain("--outbox");
  });

  test("no variable for a password is in it, only one for a file", async () => {
    const { out } = await cardea(["serve", "--help"]);
    expect(out.match(/CARDEA_\w+/g)).toEqual([
      "CARDEA_ADMIN_USERNAME",
      "CARDEA_ADMIN_PASSWORD_FILE",
      "CARDEA_DATABASE_URL_FILE",
    ]);
  });

  test("the version is that of the package", async () => {
    expect((await cardea(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong usage is one sentence, names the help to read, and ends with 2", () => {
  test.each([
    [["bogus"], 'there is no command "bogus". Read: cardea --help'],
    [["toString"], 'there is no command "toString". Read: cardea --help'],
    [["--bogus"], "there is no option --bogus. Read: cardea --help"],
    [["serve", "--bogus", "1"], '"serve" has no option --bogus. Read: cardea serve --help'],
    [["serve", "-x"], '"serve" has no option -x. Read: cardea serve --help'],
    [["serve", "more"], '"more" is one word too many. Read: cardea serve --help'],
    [["serve", "--port", "70000"], "--port wants a number from 0 to 65535. Read: cardea serve --help"],
    [["serve", "--port"], "--port wants a number from 0 to 65535. Read: cardea serve --help"],
    [["serve", "--data", "--port", "1"], "--data wants a value. Read: cardea serve --help"],
    [["serve", "--data="], "--data wants a value. Read: cardea serve --help"],
    [["serve", "--port=1", "--port=2"], "--port was given twice. Read: cardea serve --help"],
    [["apply"], '"apply" wants a FILE. Read: cardea apply --help'],
    [["apply", "a.json", "b.json"], '"b.json" is one word too many. Read: cardea apply --help'],
    [["apply", "a.json", "--dry-run=yes"], "--dry-run takes no value. Read: cardea apply --help"],
    [["tour", "--data", "x"], '"tour" has no option --data. Read: cardea tour --help'],
  ])("%j", async (argv, sentence) => {
    expect(await cardea(argv)).toEqual({ code: 2, out: "", err: `cardea: ${sentence}\n` });
  });
});

describe("the first administrator from the environment", () => {
  test.each([
    [{ CARDEA_ADMIN_USERNAME: "root" }, "CARDEA_ADMIN_USERNAME is set and CARDEA_ADMIN_PASSWORD_FILE is not"],
    [{ CARDEA_ADMIN_PASSWORD_FILE: "x" }, "CARDEA_ADMIN_PASSWORD_FILE is set and CARDEA_ADMIN_USERNAME is not"],
  ])("needs both variables: %j", async (env, sentence) => {
    const { code, err } = await cardea(["serve", "--port", "0"], env);
    expect({ code, err }).toEqual({ code: 1, err: `cardea: ${sentence}. Set both, or neither.\n` });
  });

  test("a file that is not there is told in terms of the variables", async () => {
    const env = { CARDEA_ADMIN_USERNAME: "root", CARDEA_ADMIN_PASSWORD_FILE: "gone.password" };
    const { code, err } = await cardea(["serve", "--port", "0"], env);
    expect(code).toBe(1);
    expect(err).toMatch(/^cardea: CARDEA_ADMIN_USERNAME and CARDEA_ADMIN_PASSWORD_FILE: the file .*gone\.password /);
  });

  test("is there when the authority is, and the password is not printed", async () => {
    const password = "a password for the test";
    await writeFile(join(cwd, "root.password"), password, { mode: 0o600 });
    const env = { CARDEA_ADMIN_USERNAME: "root", CARDEA_ADMIN_PASSWORD_FILE: "root.password" };
    const { code, out, err } = await cardea(["serve", "--port", "0", "--data", "unattended"], env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("created account root (human, role admin)");
    expect(out).not.toContain("There is no administrator");
    expect(out).not.toContain(password);
    const again = await cardea(["setup", "--data", "unattended"]);
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.err).toMatch(/^cardea: there is an administrator already/);
  });
});

describe("applying a house file", () => {
  test("a dry run changes nothing, a real one does, and the next finds nothing to do", async () => {
    await writeFile(join(cwd, "house.json"), JSON.stringify({ accounts: [{ username: "ingest", type: "system" }] }));
    const argv = ["apply", "house.json", "--data", "applied"];
    const created = "created account ingest (system, no roles)";
    expect((await cardea([...argv, "--dry-run"])).out).toBe(`${created}\nThis was a dry run: nothing was changed.\n`);
    expect((await cardea(argv)).out).toBe(`${created}\nDone.\n`);
    expect((await cardea(argv)).out).toBe("1 entry was as the file says\nDone.\n");
  });

  test("generated secrets go to their file and nowhere else", async () => {
    const account = { username: "gina", password: { generate: true } };
    await writeFile(join(cwd, "generate.json"), JSON.stringify({ accounts: [account] }));
    const argv = ["apply", "generate.json", "--data", "generated"];
    expect(await cardea(argv)).toMatchObject({ code: 1, out: "", err: expect.stringContaining("--credentials-out") });
    const { code, out } = await cardea([...argv, "--credentials-out", "credentials.json"]);
    expect(code).toBe(0);
    expect(out).toContain("generated secrets are in credentials.json\n");
  });
});

describe("carrying a house", () => {
  test("what was exported is verified, imported elsewhere, and has the same digest when it is exported again", async () => {
    await writeFile(join(cwd, "moving.json"), JSON.stringify({ accounts: [{ username: "ingest", type: "system" }] }));
    await cardea(["apply", "moving.json", "--data", "moving"]);
    const { code, out } = await cardea(["export", "moving.jsonl", "--data", "moving"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^The house is in moving\.jsonl\.\n {2}Rows {5}\d+ in \d+ tables\n {2}SHA-256 {2}[0-9a-f]{64}\n/,
    );
    expect(out).toContain("carry moving/master.key by hand");
    const figures = out.split("\n").slice(1, 3);

    const verified = await cardea(["export", "--verify", "moving.jsonl"]);
    expect(verified).toEqual({ code: 0, out: `moving.jsonl is whole.\n${figures.join("\n")}\n`, err: "" });
    const imported = await cardea(["import", "moving.jsonl", "--data", "moved"]);
    expect(imported.out.split("\n").slice(1, 3)).toEqual(figures);
    expect(imported.out).toContain("Put the master key of the house at moved/master.key");
    const again = await cardea(["export", "again.jsonl", "--data", "moved"]);
    expect(again.out.split("\n").slice(1, 3)).toEqual(figures);
    expect(await cardea(["import", "moving.jsonl", "--data", "moved"])).toMatchObject({ code: 1, out: "" });
  });

  test("a changed file is not whole", async () => {
    await writeFile(join(cwd, "broken.jsonl"), "{}\n");
    const { code, err } = await cardea(["export", "--verify", "broken.jsonl"]);
    expect({ code, err }).toEqual({
      code: 1,
      err:
        "cardea: the file is no archive of a house, or was changed. " +
        "Take another copy of the archive, or export the house again.\n",
    });
  });
});

describe("a database by URL", () => {
  const url = "postgres://ann:planted-secret@127.0.0.1:1/house";

  test.each([
    [["serve", "--port", "0", "--database", url]],
    [["apply", "house.json", "--database", url]],
    [["setup", "--database", url]],
    [["export", "far.jsonl", "--database", url]],
    [["serve", "--port", "0", "--database", "postgres://ann:planted-secret@[/house"]],
    [["serve", url]],
  ])("its password is in no refusal: %j", async (argv) => {
    await writeFile(join(cwd, "house.json"), "{}");
    const { code, out, err } = await cardea([...argv, "--data", "by-url"], { CARDEA_DEBUG: "1" });
    expect(code).toBeGreaterThan(0);
    expect(out).toBe("");
    expect(err).toMatch(/PostgreSQL|URL|too many/);
    expect(err).not.toContain("planted-secret");
  });

  test("comes from a file where the command line names none", async () => {
    await writeFile(join(cwd, "database.url"), `${url}\n`);
    const env = { CARDEA_DATABASE_URL_FILE: "database.url" };
    const refused = await cardea(["setup", "--data", "by-file"], env);
    expect(refused).toMatchObject({ code: 1, out: "", err: expect.stringContaining("PostgreSQL server") });
    expect((await cardea(["setup", "--data", "by-file", "--database", "own.db"], env)).code).toBe(0);
  });

  test.each([
    ["gone.url", "that cannot be read"],
    ["without.url", "without a URL"],
  ])("%s is a file %s, and nothing of it is quoted", async (file, said) => {
    await writeFile(join(cwd, "without.url"), "planted-secret");
    const { code, err } = await cardea(["setup"], { CARDEA_DATABASE_URL_FILE: file });
    expect(code).toBe(1);
    expect(err).toContain(`CARDEA_DATABASE_URL_FILE names a file ${said}`);
    expect(err).not.toContain("planted-secret");
  });
});

test("a set-up link is made as long as there is no administrator", async () => {
  const { code, out } = await cardea(["setup", "--data", "fresh", "--public-url", "https://auth.example.com/"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^https:\/\/auth\.example\.com\/setup\/[\w-]+\n$/);
});

test("options that have no effect yet are accepted and told", async () => {
  const { code, out } = await cardea(["serve", "--port", "0", "--grpc-port", "9443", "--outbox", "outbox"]);
  expect(code).toBe(0);
  expect(out).toContain("  --grpc-port: no gRPC wire is served yet\n  --outbox: nothing is sent to people yet\n");
});
