import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { MciasClient } from "./client.js";
import { MciasInputError, MciasTransportError } from "./errors.js";
import type { MciasClientOptions } from "./options.js";
import { platformTransport as webTransport } from "./transport.web.js";

/** What only a real socket proves: whom a client trusts, and where it sends its token. */

const path = (file: string) => fileURLToPath(new URL(`../testdata/tls/${file}`, import.meta.url));
const pem = (file: string) => readFileSync(path(file), "utf8");

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

interface Listening {
  readonly port: number;
  /** The `Authorization` of each request. */
  readonly seen: (string | undefined)[];
}

async function listening(
  server: Server | ReturnType<typeof createPlainServer>,
  answer: { readonly status: number; readonly location?: string },
): Promise<Listening> {
  const seen: (string | undefined)[] = [];
  server.on("request", (incoming, outgoing) => {
    seen.push(incoming.headers.authorization);
    const { status, location } = answer;
    outgoing.writeHead(status, { "content-type": "application/json", ...(location !== undefined && { location }) });
    outgoing.end(incoming.url === "/v1/health" ? '{"status":"ok"}' : "[]");
  });
  // A refused handshake is the point of these tests.
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, seen };
}

const secure = (options: ServerOptions = {}, answer: { status: number; location?: string } = { status: 200 }) =>
  listening(createServer({ key: pem("server.key.pem"), cert: pem("server.pem"), ...options }), answer);

const client = (serverUrl: string, options: Partial<MciasClientOptions> = {}) =>
  new MciasClient({ serverUrl, ...options });

describe("trust", () => {
  test.each([
    ["as a file", { caCertPath: path("ca.pem") }],
    ["as text", { caCert: pem("ca.pem") }],
    ["as the second of two", { caCert: pem("other_ca.pem") + pem("ca.pem") }],
  ])("a server of the given CA is called: %s", async (_, trust) => {
    const { port, seen } = await secure();
    const one = client(`https://localhost:${port}`, { ...trust, token: "held" });
    await one.health();
    expect(await one.listAccounts()).toEqual([]);
    expect(seen).toEqual([undefined, "Bearer held"]);
  });

  test.each<[string, string, Partial<MciasClientOptions>, ServerOptions]>([
    ["of another CA", "localhost", { caCertPath: path("other_ca.pem") }, {}],
    ["whose CA nobody named", "localhost", {}, {}],
    ["under a name that is not in its certificate", "127.0.0.1", { caCertPath: path("ca.pem") }, {}],
    [
      "that speaks TLS 1.1 and no better",
      "localhost",
      { caCertPath: path("ca.pem") },
      { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
    ],
  ])("a server %s is sent nothing", async (_, host, trust, server) => {
    const { port, seen } = await secure(server);
    const one = client(`https://${host}:${port}`, { ...trust, token: "held" });
    const error = await one.listAccounts().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MciasTransportError);
    expect(error).toMatchObject({ code: "tls_failed", status: 0 });
    expect(seen).toEqual([]);
  });

  test("the environment cannot switch verification off", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    // Node complains of the setting, once.
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { port } = await secure();
    const one = client(`https://localhost:${port}`, { caCertPath: path("other_ca.pem") });
    await expect(one.health()).rejects.toMatchObject({ code: "tls_failed" });
  });

  test("TLS 1.2 will do", async () => {
    const { port } = await secure({ maxVersion: "TLSv1.2" });
    await client(`https://localhost:${port}`, { caCertPath: path("ca.pem") }).health();
  });
});

describe("the file of the CA", () => {
  const folder = mkdtempSync(join(tmpdir(), "mcias-ca-"));
  const file = join(folder, "ca.pem");
  afterEach(() => rmSync(file, { force: true }));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is read once, when the client is made", async () => {
    writeFileSync(file, pem("ca.pem"));
    const { port } = await secure();
    const one = client(`https://localhost:${port}`, { caCertPath: file });
    rmSync(file);
    await one.health();
  });

  test.each([
    ["is not there", undefined],
    ["is empty", ""],
    ["holds something else", "planted text"],
    ["holds half a certificate", pem("ca.pem").slice(0, 200)],
    ["holds a certificate that cannot be read", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
  ])("makes no client where it %s", (_, text) => {
    if (text !== undefined) writeFileSync(file, text);
    expect(() => client("https://localhost", { caCertPath: file })).toThrow(MciasInputError);
  });

  test("is not given twice, nor beside a fetch that has its own trust", () => {
    const trust = { caCert: pem("ca.pem"), caCertPath: path("ca.pem") };
    expect(() => client("https://localhost", trust)).toThrow(/only one of them/);
    const fetch = async () => new Response();
    expect(() => client("https://localhost", { caCert: pem("ca.pem"), fetch })).toThrow(/matter of that fetch/);
  });

  test("is refused where the runtime takes none", () => {
    const options = { allowInsecureLoopback: false };
    expect(() => webTransport({ ...options, caCert: pem("ca.pem") })).toThrow(/takes no CA/);
    expect(() => webTransport({ ...options, caCertPath: path("ca.pem") })).toThrow(/takes no CA/);
    expect(webTransport(options)).toBeTypeOf("function");
  });
});

test("plain HTTP is spoken to this machine where that is asked for, and only then", async () => {
  const { port } = await listening(createPlainServer(), { status: 200 });
  expect(() => client(`http://127.0.0.1:${port}`)).toThrow(MciasInputError);
  await client(`http://127.0.0.1:${port}`, { allowInsecureLoopback: true }).health();
});

test.each([301, 302, 303, 307, 308])("a %i is not followed, and the bearer is not sent on", async (status) => {
  const elsewhere = await secure();
  const there = await secure({}, { status, location: `https://localhost:${elsewhere.port}/v1/accounts` });
  const one = client(`https://localhost:${there.port}`, { caCertPath: path("ca.pem"), token: "held" });
  await expect(one.listAccounts()).rejects.toMatchObject({
    name: "MciasTransportError",
    code: "redirected",
    status: 0,
  });
  expect(there.seen).toEqual(["Bearer held"]);
  expect(elsewhere.seen).toEqual([]);
});

test("leaving the scope of a client logs out and ends its connections", async () => {
  const server = createServer({ key: pem("server.key.pem"), cert: pem("server.pem") });
  // The server keeps them for ever.
  server.keepAliveTimeout = 0;
  const { port, seen } = await listening(server, { status: 401 });
  const connected = once(server, "secureConnection") as Promise<[Duplex]>;
  const gone = connected.then(([socket]) => once(socket, "close"));
  {
    await using one = client(`https://localhost:${port}`, { caCertPath: path("ca.pem"), token: "held" });
    await one.getPublicKey().catch(() => undefined);
  }
  await gone;
  expect(seen).toEqual([undefined, "Bearer held"]);
});
