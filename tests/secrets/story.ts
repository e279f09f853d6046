import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { applyHouseFile, jsonLog, startAuthority, totpCode, type Authority, type Storage } from "@cardea/authority";
import { systemClock } from "@cardea/core";
import { MciasClient } from "@cardea/mcias";
import { send } from "../mcias/house.js";
import type { Planted } from "./forms.js";
import { Places } from "./places.js";

const bin = fileURLToPath(new URL("../../packages/cli/bin/cardea.js", import.meta.url));

/** Secrets that change their shape in every encoding. */
const passwords = {
  root: 'planted "root" pässword /+%',
  alice: 'planted "alice" pässword /+%',
  otto: 'planted "otto" pässword /+%',
  wrong: 'planted "mistyped" pässword /+%',
  asName: "planted-password-typed-as-a-name",
  tooShort: "plänted/+x",
  database: 'planted "database" pässword /+%',
};
const totp = "KRUGS4ZANFZSAYJAONSWG4TFOQFA2DIN";

/** What happened, and what must not be seen of it. */
export interface Story {
  readonly secrets: readonly Planted[];
  readonly places: Places;
}

/** A day in the life of an authority, with everything that it says and keeps. Leaves its files in the folder. */
export async function tellStory(folder: string): Promise<Story> {
  const places = new Places();
  const learned = new Map<string, string | Uint8Array>();
  const house = await writeHouse(folder);
  const dataFolder = join(folder, "data");

  await setUp(dataFolder, places, learned);
  await serveAndFail(folder, house, places, learned);
  await places.addFolder("data folder, stopped", dataFolder);
  places.add("credentials file", await readFile(join(folder, "credentials.json")));
  await refuseHouses(folder, places);
  await useCommands(folder, house, places, learned);
  await takeTour(folder, places, learned);

  const masterKey = (await readFile(join(dataFolder, "master.key"), "utf8")).trim();
  const credentials = JSON.parse(await readFile(join(folder, "credentials.json"), "utf8")) as {
    accounts: { generated: { password: string } };
  };
  return {
    places,
    secrets: [
      ...Object.entries(passwords).map(([name, value]) => ({ name: `password ${name}`, value })),
      ...[...learned].map(([name, value]) => ({ name, value, short: name === "TOTP code" })),
      { name: "TOTP secret", value: totp },
      { name: "TOTP secret, raw", value: decodeBase32(totp) },
      { name: "generated password", value: credentials.accounts.generated.password },
      { name: "master key", value: Buffer.from(masterKey, "hex") },
    ],
  };
}

/** Secrets stand in files of their own, as an operator has them. */
async function writeHouse(folder: string): Promise<string> {
  const files = {
    "root.password": passwords.root,
    "otto.password": passwords.otto,
    "otto.totp": totp,
    "house.json": JSON.stringify({
      accounts: [
        { username: "root", password: { file: "root.password" }, roles: ["admin"] },
        { username: "otto", password: { file: "otto.password" }, totp: { file: "otto.totp" } },
        { username: "generated", password: { generate: true } },
        { username: "ingest", type: "system" },
      ],
      mcias: { rates: { login: "off", validate: "off" } },
    }),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  return join(folder, "house.json");
}

/** The first administrator, by the link. */
async function setUp(dataFolder: string, places: Places, learned: Map<string, string | Uint8Array>): Promise<void> {
  const authority = await startAuthority({ dataFolder, port: 0 });
  const link = authority.setupLink as string;
  learned.set("code of the setup link", link.split("/").at(-1) as string);
  const ca = await readFile(authority.caCert as string, "utf8");
  const submit = async (password: string, again: string) => {
    const body = new URLSearchParams({ username: "first", password, again }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { headers: replied, text } = await send(new URL(link), ca, "POST", { body, headers });
    places.add("setup page", `${JSON.stringify(replied)}\n${text}`);
  };
  await places.addFolder("data folder, before the set-up", dataFolder);
  await submit(passwords.tooShort, passwords.tooShort);
  await submit(passwords.root, passwords.wrong);
  await submit(passwords.root, passwords.root);
  await submit(passwords.root, passwords.root);
  await authority.close();
}

/** Everything that an MCIAS client does, right and wrong, and a database that fails and quotes what it was given. */
async function serveAndFail(
  folder: string,
  house: string,
  places: Places,
  learned: Map<string, string | Uint8Array>,
): Promise<void> {
  const [logFile, readyFile] = [join(folder, "log"), join(folder, "ready.json")];
  let storage: Storage | undefined;
  let fault: Error | undefined;
  const authority = await startAuthority({
    dataFolder: join(folder, "data"),
    house,
    credentialsOut: join(folder, "credentials.json"),
    readyFile,
    port: 0,
    log: await jsonLog({ clock: systemClock, level: "info", destination: logFile }),
    logRequests: true,
    wrapStorage: (real) => {
      storage = real;
      return {
        kind: real.kind,
        read: real.read,
        unit: (work) => (fault === undefined ? real.unit(work) : Promise.reject(fault)),
        ping: () => real.ping(),
        close: () => real.close(),
      };
    },
  });
  places.addValue("what starting returns", authority);
  places.add("ready file", await readFile(readyFile));
  const clientOf = await clients(authority, places);
  const fails = (call: () => Promise<unknown>) => places.addFailure("errors of the client", call);

  const root = clientOf();
  learned.set("token of a login", (await root.login("root", passwords.root)).token);
  const code = totpCode(totp, systemClock.now());
  learned.set("TOTP code", code);
  const otto = clientOf();
  await fails(() => otto.login("otto", passwords.otto));
  learned.set("token of a login with a code", (await otto.login("otto", passwords.otto, code)).token);
  await fails(() => clientOf().login("otto", passwords.otto, code));
  await fails(() => clientOf().login("root", passwords.wrong));
  await fails(() => clientOf().login(passwords.asName, passwords.wrong));
  await fails(() => root.createAccount("short", "human", passwords.tooShort));
  await root.createAccount("alice", "human", passwords.alice);
  await fails(() => root.createAccount("alice", "human", passwords.alice));
  const ingest = (await root.listAccounts()).find(({ username }) => username === "ingest")?.id as string;
  const issued = (await root.issueServiceToken(ingest)).token;
  learned.set("token of a system account", issued);
  await root.setPgCreds(ingest, "db.internal", 5432, "metrics", "ingest", passwords.database);
  await clientOf(issued).getPgCreds(ingest);
  await fails(() => root.setPgCreds(ingest, "db.internal", 0, "metrics", "ingest", passwords.database));
  await root.validateToken(issued);
  learned.set("token of a renewal", (await root.renewToken()).token);
  await fails(() => clientOf(learned.get("token of a login") as string).renewToken());

  // A library may quote in its errors what it was given.
  const quoting = [passwords.root, passwords.alice, passwords.database, code, issued].join(" ");
  fault = new Error(`cannot store ${quoting}`, { cause: new Error(`because of ${quoting}`) });
  await fails(() => clientOf().login("root", passwords.root));
  await fails(() => root.createAccount("bob", "human", passwords.alice));
  await fails(() => root.setPgCreds(ingest, "db.internal", 5432, "metrics", "ingest", passwords.database));
  await fails(() => root.renewToken());
  fault = undefined;

  await strayRequests(authority, places, learned);
  const hashes = await (storage as unknown as Storage).read.selectFrom("passwords").select("phc").execute();
  learned.set("password hash", hashes.map(({ phc }) => phc).at(-1) as string);
  await places.addFolder("data folder, running", join(folder, "data"));
  await root.logout();
  await authority.close();
  places.add("log", await readFile(logFile));
}

/** Clients whose traces and whole selves are looked at. */
async function clients(authority: Authority, places: Places): Promise<(token?: string) => MciasClient> {
  const caCert = await readFile(authority.caCert as string, "utf8");
  return (token) => {
    const client = new MciasClient({
      serverUrl: authority.urls["mcias"] as string,
      caCert,
      ...(token !== undefined && { token }),
      trace: (event) => {
        places.addValue("traces of the client", event);
        places.addValue("the client itself", client);
      },
    });
    return client;
  };
}

/** Secrets where they do not belong: in paths, queries, headers and bodies that cannot be read. */
async function strayRequests(
  authority: Authority,
  places: Places,
  learned: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> {
  const ca = await readFile(authority.caCert as string, "utf8");
  const url = authority.urls["mcias"] as string;
  const token = learned.get("token of a login") as string;
  const password = encodeURIComponent(passwords.root);
  for (const [method, path, options] of [
    ["GET", `/v1/accounts?access_token=${token}`, {}],
    ["GET", `/v1/${token}`, {}],
    ["POST", `/v1/auth/login?password=${password}`, { body: "{}" }],
    ["POST", "/v1/auth/login", { body: `{"username":"root","password":${JSON.stringify(passwords.root)}` }],
    ["POST", "/v1/auth/login", { body: { username: "root", password: [passwords.root] } }],
    ["POST", "/v1/auth/login", { body: { username: "root", [passwords.root]: "" } }],
    ["GET", "/v1/accounts", { headers: { authorization: `Basic ${token}` } }],
    ["GET", "/v1/accounts", { token: `${token}x` }],
    ["DELETE", `/v1/token/${token}`, { token: learned.get("token of a renewal") as string }],
  ] as const) {
    const { status, headers, text } = await send(new URL(url + path), ca, method, options);
    if (status < 400) throw new Error(`${method} was answered with ${status}`);
    places.add("refusals of the authority", `${status} ${JSON.stringify(headers)}\n${text}`);
  }
}

/** House files that are wrong beside a secret. */
async function refuseHouses(folder: string, places: Places): Promise<void> {
  const account = { username: "alice", password: passwords.alice };
  for (const house of [
    { accounts: [{ ...account, password: passwords.tooShort }] },
    { accounts: [{ ...account, totp: `${totp}1` }] },
    { accounts: [{ ...account, pasword: passwords.alice }] },
    { accounts: [{ ...account, password: [passwords.alice] }] },
    { accounts: [account, account] },
    { accounts: [{ ...account, type: "system" }] },
  ]) {
    await places.addFailure("errors of the house file", () =>
      applyHouseFile({ dataFolder: join(folder, "refused"), house }),
    );
  }
}

/** The command: what it prints, and what its authority logs. */
async function useCommands(
  folder: string,
  house: string,
  places: Places,
  learned: Map<string, string | Uint8Array>,
): Promise<void> {
  const data = ["--data", join(folder, "data-of-commands")];
  const credentials = ["--credentials-out", join(folder, "credentials-of-commands.json")];
  const broken = join(folder, "broken.json");
  await writeFile(broken, JSON.stringify({ accounts: [{ username: "x", password: passwords.alice, roles: 1 }] }));
  for (const argv of [
    ["apply", house, "--dry-run", ...data, ...credentials],
    ["apply", house, ...data, ...credentials],
    ["apply", broken, ...data],
  ]) {
    const { output } = cardea(argv, folder);
    places.add("output of apply", await output);
  }
  const ready = join(folder, "ready-of-commands.json");
  const serving = cardea(
    ["serve", "--house", house, "--port", "0", "--ready-file", ready, ...data, ...credentials],
    folder,
  );
  const { urls, caCert } = await untilReady(ready, serving.output);
  const client = new MciasClient({ serverUrl: urls.mcias, caCertPath: caCert });
  learned.set("token of a login at the command", (await client.login("root", passwords.root)).token);
  await client.login("root", passwords.wrong).catch(() => undefined);
  serving.stop();
  places.add("output of serve", await serving.output);
  await places.addFolder("data folder of the commands", join(folder, "data-of-commands"));
}

function cardea(argv: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [bin, ...argv], { cwd, env: { ...process.env, CARDEA_DEBUG: "1", ...env } });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const output = new Promise<Buffer>((resolve) => child.on("close", () => resolve(Buffer.concat(chunks))));
  return { output, stop: () => child.kill("SIGTERM") };
}

async function untilReady(
  file: string,
  ended: Promise<Buffer>,
): Promise<{ readonly urls: { readonly mcias: string }; readonly caCert: string }> {
  let output: Buffer | undefined;
  void ended.then((all) => (output = all));
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as Awaited<ReturnType<typeof untilReady>>;
    if (output !== undefined) throw new Error(`serve ended: ${output.toString()}`);
    await new Promise<void>((wake) => systemClock.after(20, wake));
  }
}

/** The tour makes secrets of its own, and leaves them in its folder where it is asked to. */
async function takeTour(folder: string, places: Places, learned: Map<string, string | Uint8Array>): Promise<void> {
  const temporary = join(folder, "tour");
  await mkdir(temporary);
  places.add("output of the tour", await cardea(["tour", "--keep"], folder, { TMPDIR: temporary }).output);
  for (const file of await readdir(temporary, { recursive: true })) {
    if (!/\.(password|totp)$/.test(file)) continue;
    learned.set(`the tour's ${file.split("/").at(-1)}`, (await readFile(join(temporary, file), "utf8")).trim());
  }
}

function decodeBase32(text: string): Buffer {
  const bits = [...text].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  const whole = bits.join("").match(/.{8}/g) ?? [];
  return Buffer.from(whole.map((byte) => Number.parseInt(byte, 2)));
}
