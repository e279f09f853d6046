// A PostgreSQL server of our own for the tests: found, started in a folder that goes with it, stopped at the end.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** What installs the server, for whoever has none. */
export const installCommand =
  process.platform === "darwin" ? "brew install postgresql@17" : "apt-get install -y postgresql";

const program = (/** @type {string} */ name) => (process.platform === "win32" ? `${name}.exe` : name);

/** Debian and Homebrew keep each version in a folder of its own, which is not on the PATH. */
const homes = [
  { parent: "/usr/lib/postgresql", bin: "bin" },
  { parent: "/opt/homebrew/opt", bin: "bin" },
  { parent: "/usr/local/opt", bin: "bin" },
  { parent: "/home/linuxbrew/.linuxbrew/opt", bin: "bin" },
];

/**
 * The folder with `initdb` and `postgres`: that of `pg_config`, of the PATH, of the newest version that is installed.
 *
 * @returns {string | undefined}
 */
export function findPostgres() {
  const told = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" });
  const versions = homes.flatMap(({ parent, bin }) =>
    namesIn(parent)
      .filter((name) => /^(postgresql@?)?\d*$/.test(name) && name !== "")
      .sort((a, b) => versionOf(b) - versionOf(a))
      .map((name) => join(parent, name, bin)),
  );
  const folders = [told.stdout?.trim() ?? "", ...(process.env["PATH"] ?? "").split(delimiter), ...versions];
  return folders.find((folder) => folder !== "" && ["initdb", "postgres"].every((name) => has(folder, name)));
}

/**
 * The same, and where there is none on a Debian machine that must prove everything, it is installed.
 *
 * @returns {string | undefined}
 */
export function findOrInstallPostgres() {
  const found = findPostgres();
  const may = process.env["CARDEA_PROVE_ALL"] === "1" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (found !== undefined || !may) return found;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "postgresql"]]) {
    spawnSync("/usr/bin/apt-get", args, { env, stdio: "inherit" });
  }
  return findPostgres();
}

/**
 * A running server. Whoever starts one stops it.
 * @typedef {object} PostgresServer
 * @property {string} url Of a database in it, with name and password.
 * @property {() => Promise<void>} crash Ends it at once, as a kill of all its processes would.
 * @property {() => Promise<void>} restart Starts it again after a crash, on the same port with the same data.
 * @property {() => Promise<void>} stop Ends it and removes its data.
 */

/**
 * Starts a server on a free port of loopback. It refuses to run as root, so root lends it to another user.
 *
 * @param {string} bin What `findPostgres` found.
 * @param {{ durable?: boolean }} [options] With `durable` every commit is on the disk before it is told.
 * @returns {Promise<PostgresServer>}
 */
export async function startPostgres(bin, { durable = false } = {}) {
  const user = unprivilegedUser();
  // The folder for temporary files may be one that root alone can enter.
  const folder = mkdtempSync(join(user === undefined ? tmpdir() : "/tmp", "cardea-postgres-"));
  const data = join(folder, "data");
  const password = randomBytes(16).toString("hex");
  const passwordFile = join(folder, "password");
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) for (const path of [folder, data, passwordFile]) chownSync(path, user.uid, user.gid);
  chmodSync(folder, 0o700);

  const as = { cwd: folder, env: { ...process.env, LC_ALL: "C", HOME: folder }, ...user };
  const login = ["--username=cardea", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"];
  const made = spawnSync(
    join(bin, program("initdb")),
    [`--pgdata=${data}`, ...login, "--encoding=UTF8", "--locale=C", "--no-sync"],
    { ...as, encoding: "utf8" },
  );
  if (made.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
  }

  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: 200,
    shared_buffers: "64MB",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  const args = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const start = () =>
    started(spawn(join(bin, program("postgres")), args, { ...as, stdio: ["ignore", "ignore", "pipe"] }));

  let server = await start();
  const abandon = () => server.kill("SIGQUIT");
  process.once("exit", abandon);
  return {
    url: `postgres://cardea:${password}@127.0.0.1:${port}/postgres`,
    crash: () => ended(server, "SIGQUIT"),
    async restart() {
      server = await start();
    },
    async stop() {
      process.removeListener("exit", abandon);
      // Nothing is kept, so nothing is tidied up.
      await ended(server, "SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Makes an empty database on a server, for one test. It goes with the server.
 *
 * @param {string} server Its URL.
 * @returns {string} The URL of the database.
 */
export function createDatabase(server) {
  const { username, password, hostname, port } = new URL(server);
  const name = `test_${randomBytes(8).toString("hex")}`;
  const made = spawnSync(
    join(findPostgres() ?? "", program("createdb")),
    ["--host", hostname, "--port", port, "--username", username, "--no-password", name],
    { env: { ...process.env, PGPASSWORD: password }, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`createdb failed: ${made.stderr || made.error?.message}`);
  return new URL(`/${name}`, server).href;
}

/** @returns {{ uid: number, gid: number } | undefined} who runs the server in place of root */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const id = (/** @type {string} */ flag, /** @type {string} */ name) => {
    const { status, stdout } = spawnSync("id", [flag, name], { encoding: "utf8" });
    return status === 0 ? Number(stdout) : undefined;
  };
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = [id("-u", name), id("-g", name)];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it.");
}

/**
 * Resolves when the server takes connections.
 *
 * @param {import("node:child_process").ChildProcess} server
 * @returns {Promise<import("node:child_process").ChildProcess>}
 */
function started(server) {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr?.setEncoding("utf8").on("data", (text) => {
      // It goes on talking: what was said before it was ready is all that is ever told.
      if (said.length < 100_000) said += text;
      if (said.includes("ready to accept connections")) resolve(server);
    });
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
  });
}

/**
 * @param {import("node:child_process").ChildProcess} server
 * @param {NodeJS.Signals} signal
 * @returns {Promise<void>}
 */
function ended(server, signal) {
  if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    server.once("exit", () => resolve());
    server.kill(signal);
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** @param {string} folder @param {string} name */
const has = (folder, name) => existsSync(join(folder, program(name)));

/** @param {string} name */
const versionOf = (name) => Number(/\d+/.exec(name)?.[0] ?? 0);

/** @param {string} folder */
function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
