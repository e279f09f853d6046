import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { MciasClient } from "@cardea/mcias";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const bin = fileURLToPath(new URL("../packages/cli/bin/cardea.js", import.meta.url));

let cwd: string;
let running: ChildProcess[];

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "cli-"));
  running = [];
});
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(cwd, { recursive: true, force: true });
});

interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  /** Resolves when this has been printed on standard output, with all that was. */
  printed(text: string): Promise<string>;
}

function start(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [bin, ...argv], { cwd, env: { ...process.env, ...env } });
  running.push(child);
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = new Promise<Ending>((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  const printed = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => out.includes(text) && resolve(out);
      child.stdout.on("data", look);
      void ended.then(() => reject(new Error(`it ended without "${text}": ${err}`)));
      look();
    });
  return { child, ended, printed };
}

const cardea = (argv: readonly string[], env?: Readonly<Record<string, string>>) => start(argv, env).ended;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What a line gives in a shell. */
function paste(line: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const shell = spawn("sh", ["-c", line], { cwd, stdio: ["ignore", "pipe", "inherit"] });
    shell.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
    shell.on("close", () => resolve(text));
  });
}

/** A login whose body never comes whole, so that it stays under way. */
async function sendHalfARequest(url: string, caCert: string): Promise<TLSSocket> {
  const { hostname, port, pathname } = new URL(url);
  const ca = await readFile(caCert);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", servername: hostname, port: Number(port), ca }, () => {
      const head = `POST ${pathname}/v1/auth/login HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`;
      // The server asks for the body when it has seen the head.
      socket.write(`${head}Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`);
      socket.once("data", () => resolve(socket));
    });
    socket.on("error", reject);
  });
}

describe("the tour", () => {
  const operations = [
    ...["health", "getPublicKey", "login", "validateToken", "createAccount", "setRoles", "getRoles", "listAccounts"],
    ...["issueServiceToken", "setPgCreds", "getPgCreds", "renewToken", "revokeToken", "getAccount", "updateAccount"],
    ...["deleteAccount", "logout"],
  ];
  const refusals = [
    "401 totp_required",
    "400 bad_request",
    "401 unauthorized",
    "403 forbidden",
    "404 not_found",
    "409 conflict",
  ];

  test("calls every operation, meets every kind of refusal, shows no secret and leaves nothing behind", async () => {
    const temporary = join(cwd, "tmp");
    await mkdir(temporary);
    const { code, out, err } = await cardea(["tour"], { TMPDIR: temporary });
    expect({ code, err }).toEqual({ code: 0, err: "" });

    const steps = [...out.matchAll(/^ +(\d+) {2}(\w+) .* {2,}(\S.*)$/gm)];
    expect(steps.map(([, number]) => Number(number))).toEqual(steps.map((_, at) => at + 1));
    expect(new Set(steps.map(([, , operation]) => operation))).toEqual(new Set(operations));
    const answers = steps.map(([, , , answer]) => answer);
    expect(answers.filter((answer) => /^\d{3} /.test(answer ?? ""))).toEqual(refusals);
    expect(out).toContain(`All ${steps.length} steps went as they should`);

    // Every token begins so, and every password of the tour has 24 characters of base64url.
    expect(out).not.toContain("eyJ");
    expect(out).not.toMatch(/[\w-]{24}/);
    expect(await readdir(temporary)).toEqual([]);
  });

  test("leaves a house that can be opened again where that is asked for", async () => {
    const { code, out } = await cardea(["tour", "--keep"], { TMPDIR: cwd });
    expect(code).toBe(0);
    const folder = /^ {2}(\S+) +the house file and the secrets$/m.exec(out)?.[1] as string;
    for (const name of ["root.password", "otto.password", "otto.totp"]) {
      expect(out).not.toContain((await readFile(join(folder, name), "utf8")).trim());
    }
    const again = await cardea(["apply", join(folder, "house.json"), "--data", join(folder, "data")]);
    expect(again).toMatchObject({ code: 0, out: "3 entries were as the file says\nDone.\n" });
  });

  test("ends with a sentence where it is stopped, and leaves nothing behind", async () => {
    const temporary = join(cwd, "tmp");
    await mkdir(temporary);
    const { child, ended, printed } = start(["tour"], { TMPDIR: temporary });
    await printed("getPublicKey");
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect({ code, err }).toEqual({
      code: 1,
      err: "cardea: the tour was stopped half-way. Run it again when you like.\n",
    });
    expect(await readdir(temporary)).toEqual([]);
  });
});

describe("serve", () => {
  test("answers when its ready file is there, and removes it when it is stopped", async () => {
    await writeFile(join(cwd, "root.password"), "root's very long passphrase\n", { mode: 0o600 });
    const house = { accounts: [{ username: "root", password: { file: "root.password" }, roles: ["admin"] }] };
    await writeFile(join(cwd, "house.json"), JSON.stringify(house));
    const readyFile = join(cwd, "ready.json");
    const { child, ended, printed } = start(["serve", "--port=0", "--house=house.json", `--ready-file=${readyFile}`]);
    await printed("Press Ctrl-C to stop.");

    const ready = JSON.parse(await readFile(readyFile, "utf8"));
    expect(ready.pid).toBe(child.pid);
    const client = new MciasClient({ serverUrl: ready.urls.mcias, caCertPath: ready.caCert });
    await client.login("root", "root's very long passphrase");

    child.kill("SIGTERM");
    const { code, out, err } = await ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(`MCIAS  ${ready.urls.mcias}\n`);
    expect(out).toContain("created account root (human, role admin)\n");
    expect(out).not.toContain("passphrase");
    expect(existsSync(readyFile)).toBe(false);
  });

  test("the lines that it prints can be pasted", async () => {
    const { child, ended, printed } = start(["serve", "--port=0"]);
    const lines = (await printed("Press Ctrl-C to stop.")).split("\n");
    const line = (word: string) => lines.find((text) => text.includes(word)) as string;
    expect(await paste(line("node -e"))).toContain("Ed25519");
    expect(line("curl")).toMatch(
      /^ {2}curl --cacert cardea-data\/tls\/ca\.pem https:\/\/localhost:\d+\/mcias\/v1\/health$/,
    );
    child.kill("SIGTERM");
    await ended;
  });

  test("who asks twice does not wait for what is under way", async () => {
    const readyFile = join(cwd, "ready.json");
    const { child, ended, printed } = start(["serve", "--port=0", `--ready-file=${readyFile}`]);
    await printed("Press Ctrl-C to stop.");
    const ready = JSON.parse(await readFile(readyFile, "utf8"));
    const socket = await sendHalfARequest(ready.urls.mcias, ready.caCert);
    child.kill("SIGTERM");
    await until(() => !existsSync(readyFile));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(1);
    socket.destroy();
  });

  test.each<[name: string, argv: string[], sentence: RegExp]>([
    ["JSON that breaks off", ["--house=broken.json"], /broken\.json: expected JSON/],
    ["a key that does not exist", ["--house=unknown.json"], /unknown\.json: acounts: there is no such key/],
    ["a secret that is not there", ["--house=secret.json"], /secret\.json: accounts\[0\]\.password: the file gone\.pw/],
    ["a house file that is not there", ["--house=gone.json"], /the house file .*gone\.json cannot be read/],
    ["a data folder that is a file", ["--data=unknown.json"], /unknown\.json/],
    ["a certificate without its key", ["--tls-cert=broken.json"], /--tls-key/],
    ["an address of another machine", ["--host=192.0.2.1"], /192\.0\.2\.1 is not an address of this machine/],
    ["a proxy that is none", ["--trusted-proxy=everybody"], /trusted proxy/],
    ["a public URL that is none", ["--public-url=here"], /public address/],
  ])("refuses %s in a line and ends with 1", async (_, argv, sentence) => {
    const secret = { accounts: [{ username: "root", password: { file: "gone.pw" } }] };
    await writeFile(join(cwd, "broken.json"), '{ "accounts": [');
    await writeFile(join(cwd, "unknown.json"), '{ "acounts": [] }');
    await writeFile(join(cwd, "secret.json"), JSON.stringify(secret));
    const { code, out, err } = await cardea(["serve", "--port=0", ...argv]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^cardea: [^\n]+\n$/);
    expect(err).toMatch(sentence);
  });

  test("a port that is taken is told with what to do", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, err } = await cardea(["serve", `--port=${port}`]);
    other.close();
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`^cardea: port ${port} on 127\\.0\\.0\\.1 is taken [^\\n]+\\n$`));
  });

  test("a data folder that is served already is told with what to do", async () => {
    const { child, ended, printed } = start(["serve", "--port=0"]);
    await printed("Press Ctrl-C to stop.");
    expect(await cardea(["serve", "--port=0"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^cardea: [^\n]+already[^\n]+\n$/),
    });
    child.kill("SIGTERM");
    await ended;
  });
});

test("wrong usage ends the process with 2, help with 0", async () => {
  expect(await cardea(["serve", "--no-such-option"])).toMatchObject({ code: 2, out: "" });
  for (const command of [[], ["serve"], ["apply"], ["setup"], ["tour"]]) {
    expect(await cardea([...command, "--help"])).toMatchObject({ code: 0, err: "" });
  }
});
