import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startAuthority } from "@cardea/authority";
import * as seed from "@cardea/mcias/contract";
import * as extended from "@cardea/mcias/contract/extended";
import { MciasAuthError, MciasClient, MciasConflictError } from "@cardea/mcias";
import { extendedClient } from "@cardea/mcias/extended";
import { openHouse, usualHouse, uuid } from "./house.js";

const passphrase = "the vault's own passphrase";
const sealable = (vault: object = { passphrase }) => usualHouse({ profile: "extended", vault });

const rows = Object.entries({ ...seed, ...extended }).flatMap(([name, row]) =>
  "route" in row ? [{ name, method: row.method, path: row.path.replace(/\{[^}]*\}/g, () => uuid()) }] : [],
);
const exempt = ["health", "vaultStatus", "unsealVault"];

test("sealed: everything but three routes is refused before anybody is asked who they are; unsealed: as before", async () => {
  await using house = await openHouse(sealable());
  const token = await house.tokenOf("root");
  const client = house.client(token);
  const vault = extendedClient(client);
  expect(await vault.vaultStatus()).toEqual({ sealed: false });
  await vault.sealVault();

  for (const { name, method, path } of rows) {
    const reply = await house.raw(method, path, { body: "{" });
    if (exempt.includes(name)) expect([name, reply.status]).not.toEqual([name, 503]);
    else
      expect([name, reply.status, reply.body]).toEqual([name, 503, { error: "vault is sealed", code: "vault_sealed" }]);
    if (reply.status === 503) expect(reply.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  }
  expect((await house.raw("GET", "/v1/nowhere")).status).toBe(404);
  expect((await house.raw("PUT", "/v1/auth/login")).status).toBe(405);
  const page = await house.raw("GET", "/sso/authorize?client_id=a&redirect_uri=https://a.example.com/&state=s");
  expect(page.status).toBe(503);

  expect(await vault.vaultStatus()).toEqual({ sealed: true });
  expect((await house.raw("GET", "/v1/health")).body).toEqual({ status: "sealed" });
  await client.health();
  await expect(client.listAccounts()).rejects.toMatchObject({ code: "vault_sealed", status: 503 });

  await expect(vault.unsealVault("another passphrase")).rejects.toBeInstanceOf(MciasAuthError);
  expect(await vault.vaultStatus()).toEqual({ sealed: true });
  await vault.unsealVault(passphrase);
  await vault.unsealVault(passphrase);
  expect(await vault.vaultStatus()).toEqual({ sealed: false });
  expect((await client.listAccounts()).length).toBeGreaterThan(0);
  const { events } = await vault.listAuditEvents();
  expect(events.slice(0, 2).map(({ eventType }) => eventType)).toEqual(["vault_unsealed", "vault_sealed"]);
});

test("without a passphrase nothing can be sealed, since nothing could be unsealed", async () => {
  await using house = await openHouse(usualHouse({ profile: "extended" }));
  const vault = extendedClient(house.client(await house.tokenOf("root")));
  await expect(vault.sealVault()).rejects.toBeInstanceOf(MciasConflictError);
  await expect(vault.unsealVault(passphrase)).rejects.toBeInstanceOf(MciasConflictError);
  expect(await vault.vaultStatus()).toEqual({ sealed: false });
});

test("unsealing has a rate of its own: 3 a second, 5 at once", async () => {
  await using house = await openHouse(
    usualHouse({ profile: "extended", vault: { passphrase }, rates: { login: "off", validate: "off" } }),
  );
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => (await house.raw("POST", "/v1/vault/unseal", { body: "{" })).status),
  );
  expect(statuses.filter((status) => status === 400).length).toBeGreaterThanOrEqual(5);
  expect(statuses).toContain(429);
  expect((await house.raw("GET", "/v1/vault/status")).status).toBe(200);
});

describe("the passphrase of the house file", () => {
  test("is kept as a hash, the same one as long as the passphrase is the same", async () => {
    await using house = await openHouse(sealable());
    const kept = async () =>
      (
        await house.storage.read
          .selectFrom("settings")
          .select("value")
          .where("name", "=", "house.mcias")
          .executeTakeFirstOrThrow()
      ).value;
    expect(await kept()).toContain("$argon2id$");
    expect(await kept()).not.toContain(passphrase);
  });

  test("holds for a start without the file, and applying it again changes nothing", async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), "cardea-test-"));
    const start = (house?: object) => startAuthority({ dataFolder, port: 0, ...(house !== undefined && { house }) });
    try {
      await (await start(sealable())).close();
      const again = await start(sealable());
      expect(again.house?.changes).toEqual([]);
      await again.close();
      const plain = await start();
      const client = new MciasClient({
        serverUrl: plain.urls["mcias"]!,
        caCert: await readFile(plain.caCert!, "utf8"),
      });
      await extendedClient(client).unsealVault(passphrase);
      await expect(extendedClient(client).unsealVault("another passphrase")).rejects.toBeInstanceOf(MciasAuthError);
      await plain.close();
      const changed = await start(sealable({ passphrase: "another passphrase" }));
      expect(changed.house?.changes).toEqual(["stored the settings of mcias"]);
      await changed.close();
    } finally {
      await rm(dataFolder, { recursive: true, force: true });
    }
  });

  test.each([
    [{ passphrase: "" }, "mcias.vault"],
    [{ passphrase: { generate: true } }, "mcias.vault"],
    [{ passphraseHash: "plain" }, "mcias.vault"],
    [{ passphrase: { env: "CARDEA_NO_SUCH_VARIABLE" } }, "CARDEA_NO_SUCH_VARIABLE is not set"],
  ])("%j is refused with its place", async (vault, message) => {
    await expect(openHouse(sealable(vault))).rejects.toThrow(message);
  });
});
