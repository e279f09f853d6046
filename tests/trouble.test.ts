import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MciasClient } from "@cardea/mcias";
import { describe, expect, onTestFinished, test } from "vitest";
import { notProved } from "../scripts/not-proved.mjs";
import { minute, openHouse, passwords, usualHouse } from "./mcias/house.js";
import { canPreload, installCommand, library } from "./survival/preload.js";
import { serveFolder, type ServeProcess } from "./survival/process.js";

const root = process.platform === "linux" && process.getuid?.() === 0;
const nobody = 65_534;

/** Gone after the test, with everything that it holds. */
function lendFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cardea-trouble-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function signIn(server: ServeProcess): Promise<MciasClient> {
  const client = new MciasClient({ serverUrl: server.url, caCert: server.ca });
  await client.login("root", passwords.root);
  return client;
}

async function readiness({ url, ca }: ServeProcess): Promise<number> {
  const { get } = await import("node:https");
  return new Promise((resolve, reject) => {
    get(new URL("/readyz", url), { ca, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    }).on("error", reject);
  });
}

describe.runIf(root)("a disk that is full", () => {
  /** A disk of few megabytes. */
  function mountSmall(folder: string): void {
    mkdirSync(folder);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "cardea-small", folder]);
    onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  }

  test("refuses what writes and answers what reads, and writes again once there is room", async () => {
    const folder = lendFolder();
    const data = join(folder, "data");
    mountSmall(data);
    const server = await serveFolder(folder, { house: usualHouse() });
    onTestFinished(server.kill);
    const client = await signIn(server);
    const made = await client.createAccount("before", "system");

    const ballast = join(data, "ballast");
    expect(() => writeFileSync(ballast, Buffer.alloc(8 << 20))).toThrow(/ENOSPC/);
    let refusal: unknown;
    for (let number = 0; refusal === undefined; number += 1) {
      await client.createAccount(`meanwhile-${number}`, "system").catch((error: unknown) => (refusal = error));
    }
    expect(refusal).toMatchObject({ name: "MciasServerError", status: 500 });
    expect(await client.getAccount(made.id)).toMatchObject({ username: "before" });

    rmSync(ballast);
    const after = await client.createAccount("after", "system");
    const log = await server.stop();
    expect(log).toContain("storage_full");

    const again = await serveFolder(folder);
    onTestFinished(again.kill);
    const names = (await (await signIn(again)).listAccounts()).map(({ username }) => username);
    expect(names).toEqual(expect.arrayContaining(["before", after.username]));
  }, 180_000);

  test("is told in a line at the start, which works once there is room", async () => {
    const folder = lendFolder();
    const data = join(folder, "data");
    mountSmall(data);
    expect(() => writeFileSync(join(data, "ballast"), Buffer.alloc(8 << 20))).toThrow(/ENOSPC/);
    await expect(serveFolder(folder, { house: usualHouse() })).rejects.toThrow(/cardea: [^\n]*space[^\n]*\n$/);
    rmSync(join(data, "ballast"));
    const server = await serveFolder(folder, { house: usualHouse() });
    onTestFinished(server.kill);
    await signIn(server);
  }, 180_000);
});

test.each([
  ["for a first start", false],
  ["that holds a house already", true],
])(
  "a folder that cannot be written to, %s, is told in a line, and the next start works once it can",
  async (_, furnished) => {
    const folder = lendFolder();
    const data = join(folder, "data");
    // Modes do not bind root, who starts it as somebody else.
    const by = root ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"] : [];
    mkdirSync(data);
    if (root) for (const path of [folder, data]) chownSync(path, nobody, nobody);
    if (furnished) await (await serveFolder(folder, { by })).stop();
    chmodSync(data, 0o500);
    await expect(serveFolder(folder, { by })).rejects.toThrow(/cardea: [^\n]*data[^\n]*\n$/);
    chmodSync(data, 0o700);
    const server = await serveFolder(folder, { by });
    expect(await server.stop()).toBe("");
  },
  180_000,
);

if (!root) notProved("a disk that is full", "run the tests as root on Linux, which may mount a small disk");
if (!canPreload) notProved("a disk that fails", installCommand);

describe.runIf(canPreload)("a disk that fails to sync", () => {
  test("ends what writes and readiness until the next start, which has everything that was answered", async () => {
    const folder = lendFolder();
    const broken = join(folder, "broken");
    const env = { LD_PRELOAD: library("sync-faults", folder), CARDEA_SYNC_FAILS: broken };
    const server = await serveFolder(folder, { house: usualHouse(), env });
    onTestFinished(server.kill);
    const client = await signIn(server);
    const made = await client.createAccount("before", "system");
    expect(await readiness(server)).toBe(200);

    writeFileSync(broken, "");
    const unsure = { name: "MciasServerError", status: 500 };
    await expect(client.createAccount("unsure", "system")).rejects.toMatchObject(unsure);
    // What may be on the disk or not is shown to nobody.
    const names = async (of: MciasClient) => (await of.listAccounts()).map(({ username }) => username);
    expect(await names(client)).not.toContain("unsure");
    expect(await readiness(server)).toBe(503);
    // The disk says that it is well. What it has lost meanwhile it does not say.
    rmSync(broken);
    await expect(client.createAccount("later", "system")).rejects.toMatchObject(unsure);
    expect(await readiness(server)).toBe(503);
    expect(await server.stop()).toContain("storage_failed");

    const again = await serveFolder(folder, { env });
    onTestFinished(again.kill);
    const next = await signIn(again);
    expect(await next.getAccount(made.id)).toMatchObject({ username: "before" });
    await next.createAccount("next", "system");
    expect(await readiness(again)).toBe(200);
  }, 180_000);
});

describe("a clock that is set back", () => {
  test("makes tokens of the time to come invalid until then, and no longer", async () => {
    await using house = await openHouse();
    const token = await house.tokenOf("alice");
    const isValid = async () => (await house.client().validateToken(token)).valid;
    house.clock.turn(-10 * minute);
    expect(await isValid()).toBe(false);
    // Whoever signs in now gets one that is good at once.
    expect((await house.client().validateToken(await house.tokenOf("alice"))).valid).toBe(true);
    house.clock.turn(10 * minute);
    expect(await isValid()).toBe(true);
  });

  test("brings no token back that was renewed or revoked", async () => {
    await using house = await openHouse();
    const client = house.client(await house.tokenOf("alice"));
    house.clock.turn(10 * minute);
    const ended = await house.tokenOf("alice");
    await house.client(ended).logout();
    for (const turn of [-10 * minute, 10 * minute]) {
      house.clock.turn(turn);
      expect((await client.validateToken(ended)).valid).toBe(false);
    }
  });

  test("opens no lock, and forgives no failure", async () => {
    await using house = await openHouse();
    const guess = (password: string) =>
      house
        .client()
        .login("alice", password)
        .then(
          () => "in",
          () => "out",
        );
    for (let failures = 0; failures < 10; failures += 1) await guess("wrong");
    house.clock.turn(-10 * minute);
    expect(await guess(passwords.alice)).toBe("out");
    house.clock.turn(10 * minute + 16 * minute);
    expect(await guess(passwords.alice)).toBe("in");
  });
});
