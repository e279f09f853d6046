import { X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:https";
import type { AddressInfo, LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualClock, systemClock } from "@cardea/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { issueAuthority, issueServer } from "./issue.js";
import { ensureTls, type LocalTls, type LocalTlsOptions } from "./local-ca.js";
import { privateNames } from "./names.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cardea-tls-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dayMs = 24 * 3_600_000;
const start = Date.parse("2026-03-11T09:00:00Z");
const file = (name: string) => join(folder, "tls", name);
const ensure = (options: Partial<LocalTlsOptions> = {}) =>
  ensureTls({ folder, hostName: "workshop", clock: manualClock(start), ...options });
const later = (days: number) => ({ clock: manualClock(start + days * dayMs) });
const alternatives = ({ cert }: LocalTls) => new X509Certificate(cert).subjectAltName;
const code = (expected: string) => ({ code: expected });

describe("the first start", () => {
  test("makes a CA and a certificate for loopback, the machine and the names that were asked for", async () => {
    const made = await ensure({ names: ["auth.example.com"], addresses: ["192.0.2.7"] });
    expect(made).toMatchObject({
      made: "authority",
      caCert: file("ca.pem"),
      ca: await readFile(file("ca.pem"), "utf8"),
    });
    expect(alternatives(made)).toBe(
      "DNS:localhost, DNS:auth.example.com, DNS:workshop, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:192.0.2.7",
    );
  });

  test("keeps keys from everybody but their owner, and leaves nothing else behind", async () => {
    await ensure();
    expect((await readdir(join(folder, "tls"))).sort()).toEqual(["ca.key", "ca.pem", "server.key", "server.pem"]);
    const modes = await Promise.all(
      ["ca.key", "server.key"].map(async (name) => (await stat(file(name))).mode & 0o777),
    );
    expect(modes).toEqual([0o600, 0o600]);
  });

  test("makes a CA of ten years with a name of its own, and a server certificate of 397 days", async () => {
    const made = await ensure({ random: (count) => new Uint8Array(count).fill(0xab) });
    const [ca, server] = [new X509Certificate(made.ca), new X509Certificate(made.cert)];
    expect([ca.ca, server.ca]).toEqual([true, false]);
    expect(ca.subject).toBe("CN=Cardea local CA abababab");
    expect(server.issuer).toBe(ca.subject);
    expect(Date.parse(ca.validTo) - Date.parse(ca.validFrom)).toBe(3653 * dayMs);
    expect(Date.parse(server.validTo) - Date.parse(server.validFrom)).toBe(397 * dayMs);
  });

  test("leaves out the name of a machine that is no name", async () => {
    expect(alternatives(await ensure({ hostName: "my machine" }))).not.toContain("machine");
  });

  test("refuses a name that is none, and makes nothing", async () => {
    await expect(ensure({ names: ["auth.example.com,DNS:bank.example"] })).rejects.toMatchObject(
      code("tls_name_invalid"),
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test("says so where the folder cannot be written", async () => {
    const blocked = join(folder, "file");
    await writeFile(blocked, "");
    await expect(ensure({ folder: blocked })).rejects.toMatchObject({
      code: expect.stringMatching(/^tls_(file_unreadable|folder_unwritable)$/) as unknown,
    });
  });
});

describe("a real connection", () => {
  // Every name leads to this server: what counts is whether its certificate is good for the name.
  const lookup: LookupFunction = (_name, _options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]);

  /** What a client that trusts only this CA says when it asks for `name`. */
  async function connect(tls: { ca: string; cert: string; key: string }, name: string): Promise<string> {
    const server = createServer({ cert: tls.cert, key: tls.key }, (_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const outcome = await new Promise<string>((resolve) => {
      request({ host: name, port, ca: tls.ca, agent: false, lookup }, (response) => {
        response.resume();
        resolve("verified");
      })
        .on("error", ({ code, message }: NodeJS.ErrnoException) => resolve(`${code}: ${message}`))
        .end();
    });
    server.close();
    return outcome;
  }

  test.each(["localhost", "127.0.0.1", "workshop", "auth.example.com"])("is verified for %s", async (name) => {
    const tls = await ensure({ clock: systemClock, names: ["auth.example.com"] });
    expect(await connect(tls, name)).toBe("verified");
  });

  test("is refused for any other name, and by clients of another CA", async () => {
    const tls = await ensure({ clock: systemClock });
    expect(await connect(tls, "auth.example.com")).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
    await rm(join(folder, "tls"), { recursive: true });
    const { ca } = await ensure({ clock: systemClock });
    expect(await connect({ ...tls, ca }, "localhost")).toMatch(
      /^(UNABLE_TO_VERIFY|CERT_SIGNATURE_FAILURE|SELF_SIGNED)/,
    );
  });

  test("is refused where the CA vouches for a name that it may not", async () => {
    const context = { now: systemClock.now(), random: (count: number) => new Uint8Array(count).fill(1) };
    const authority = issueAuthority(privateNames, context);
    const outcomeFor = (name: string) => {
      const server = issueServer(authority, { names: [name], addresses: [] }, context);
      return connect({ ...server, ca: authority.cert }, name);
    };
    expect(await outcomeFor("printer.local")).toBe("verified");
    expect(await outcomeFor("bank.example")).toContain("permitted subtree violation");
  });
});

describe("a later start", () => {
  test("reads what there is", async () => {
    const first = await ensure({ names: ["auth.example.com"] });
    expect(await ensure({ names: ["AUTH.example.com"], ...later(300) })).toEqual({ ...first, made: "nothing" });
  });

  test("does without the key of the CA as long as nothing has to be made", async () => {
    const first = await ensure();
    await rm(file("ca.key"));
    expect(await ensure()).toEqual({ ...first, made: "nothing" });
    await expect(ensure({ names: ["other.test"] })).rejects.toMatchObject(code("tls_authority_incomplete"));
  });

  test("renews the server's certificate when less than 30 days are left, and keeps the CA", async () => {
    const first = await ensure();
    expect((await ensure(later(366))).made).toBe("nothing");
    const renewed = await ensure(later(368));
    expect(renewed).toMatchObject({ made: "server", ca: first.ca });
    expect(renewed.key).not.toBe(first.key);
    expect(await ensure(later(368))).toEqual({ ...renewed, made: "nothing" });
  });

  test.each<[string, Partial<LocalTlsOptions>]>([
    ["comes", { names: ["shop.internal"] }],
    ["goes", { hostName: "" }],
    ["is an address of a private network", { addresses: ["192.168.7.9"] }],
  ])("renews it when a name %s, and keeps the CA", async (_, options) => {
    const first = await ensure();
    const renewed = await ensure(options);
    expect(renewed).toMatchObject({ made: "server", ca: first.ca });
    expect(alternatives(renewed)).not.toBe(alternatives(first));
    expect(await ensure(options)).toEqual({ ...renewed, made: "nothing" });
  });

  test("makes a new CA for a name that the old one cannot vouch for", async () => {
    const first = await ensure();
    const second = await ensure({ names: ["auth.example.com"] });
    expect(second.made).toBe("authority");
    expect(second.ca).not.toBe(first.ca);
    expect(alternatives(second)).toContain("DNS:auth.example.com");
  });

  test("on a machine of another name leaves that out, because a CA is not replaced for it", async () => {
    const first = await ensure();
    const renewed = await ensure({ hostName: "container-17" });
    expect(renewed).toMatchObject({ made: "server", ca: first.ca });
    expect(alternatives(renewed)).toBe("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
    expect(await ensure({ hostName: "container-18" })).toEqual({ ...renewed, made: "nothing" });
  });

  test("makes a new CA when the old one is about to expire", async () => {
    const first = await ensure();
    const second = await ensure(later(3640));
    expect(second.made).toBe("authority");
    expect(second.ca).not.toBe(first.ca);
  });

  test("never lets the server's certificate outlive its CA", async () => {
    await ensure();
    const { ca, cert } = await ensure(later(3600));
    expect(new X509Certificate(cert).validTo).toBe(new X509Certificate(ca).validTo);
  });

  test("does not replace the CA because the clock was set back", async () => {
    await ensure();
    await expect(ensure({ clock: manualClock(0) })).rejects.toMatchObject(code("tls_clock_behind"));
  });
});

describe("after a crash between two files", () => {
  test.each(["ca.pem", "server.pem", "server.key"])(
    "a missing %s is made again with what depends on it",
    async (name) => {
      await ensure();
      await rm(file(name));
      const repaired = await ensure();
      expect(repaired.made).toBe(name === "ca.pem" ? "authority" : "server");
      expect(await ensure()).toEqual({ ...repaired, made: "nothing" });
    },
  );

  test("a key that came without its certificate is replaced", async () => {
    await ensure();
    await writeFile(file("server.key"), await readFile(file("ca.key")));
    expect((await ensure()).made).toBe("server");
  });

  test("a server certificate of a former CA is replaced", async () => {
    await ensure();
    const old = await Promise.all(["server.key", "server.pem"].map((name) => readFile(file(name))));
    await rm(join(folder, "tls"), { recursive: true });
    await ensure();
    await Promise.all(["server.key", "server.pem"].map((name, at) => writeFile(file(name), old[at] ?? "")));
    expect((await ensure()).made).toBe("server");
  });
});

describe("a broken file", () => {
  test.each(["ca.pem", "server.pem", "server.key"])("is named: %s", async (name) => {
    await ensure();
    await writeFile(file(name), "-----BEGIN hunter2-----\n");
    const refused = ensure();
    await expect(refused).rejects.toMatchObject(code("tls_file_malformed"));
    await expect(refused).rejects.toThrow(file(name));
    await expect(refused).rejects.not.toThrow("hunter2");
  });

  test("that is a folder cannot be read", async () => {
    await ensureTls({ folder: join(folder, "a"), clock: manualClock(start) });
    await expect(
      ensureTls({ folder: join(folder, "a", "tls", "ca.pem"), clock: manualClock(start) }),
    ).rejects.toMatchObject(code("tls_file_unreadable"));
  });

  test.each([
    ["server.key", {}],
    ["ca.key", { names: ["other.test"] }],
  ])("is one that others may read: %s", async (name, options) => {
    await ensure();
    await chmod(file(name), 0o644);
    await expect(ensure(options)).rejects.toMatchObject(code("tls_key_exposed"));
  });
});
