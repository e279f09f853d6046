import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { once } from "node:events";
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server as PlainServer,
  type ServerResponse,
} from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test, vi } from "vitest";
import { manualClock } from "../clock.js";
import { TransportError } from "../errors.js";
import type { HttpHeaders, HttpReply, HttpRequest } from "../http.js";
import { createIo, type Transport } from "../io.js";
import { fetchTransport } from "./fetch.js";
import { httpsTransport } from "./https.js";
import { memoryTransport } from "./memory.js";

/**
 * One table for all transports: what a server does, and what the caller sees. A server that answers can be played by a
 * handler too; what breaks on the way needs a socket.
 */

interface Answer {
  readonly status?: number;
  readonly headers?: HttpHeaders;
  readonly body?: string;
  /** Bytes at which the connection breaks: 0 before the answer. */
  readonly breaksAt?: number;
  /** The answer, or what is left of its body, never comes. */
  readonly stalls?: "at once" | "in the body";
}

interface Row {
  readonly it: string;
  readonly answer: Answer;
  readonly request?: Partial<HttpRequest>;
  /** The caller gives up as soon as the server has the request. */
  readonly aborts?: boolean;
  readonly sees: Partial<HttpReply> & { readonly text?: string } & Partial<TransportError>;
  /** A member that must not be there. */
  readonly lacks?: string;
}

const secret = "Bearer token-of-a-test";

const rows: readonly Row[] = [
  {
    it: "gives status, headers in lower case and the body",
    answer: { status: 201, headers: { "X-Request-Id": "r1" }, body: "made" },
    sees: { status: 201, headers: expect.objectContaining({ "x-request-id": "r1" }), text: "made" },
  },
  { it: "gives an empty body where there is none", answer: { status: 204 }, sees: { status: 204, text: "" } },
  {
    it: "gives an unsuccessful answer like any other",
    answer: { status: 503, body: "no" },
    sees: { status: 503, text: "no" },
  },
  {
    it: "sends method, headers and a text body",
    request: {
      method: "PUT",
      body: "gr\u00fc\u00df",
      headers: { "content-type": "text/plain", authorization: secret },
    },
    answer: {},
    sees: { text: JSON.stringify(["PUT", "/echo?q=1", secret, "text/plain", "gr\u00fc\u00df"]) },
  },
  {
    it: "sends a body of bytes, also where the method rarely has one",
    request: { method: "DELETE", body: new TextEncoder().encode("bytes"), headers: { "content-type": "text/plain" } },
    answer: {},
    sees: { text: JSON.stringify(["DELETE", "/echo?q=1", "", "text/plain", "bytes"]) },
  },
  {
    it: "takes a body that is just as long as the limit",
    answer: { body: "12345678" },
    sees: { text: "12345678" },
    lacks: "truncated",
    request: { limits: { success: 8, error: 4 } },
  },
  {
    it: "cuts a longer one, and says so",
    answer: { body: "123456789" },
    sees: { text: "12345678", truncated: true },
    request: { limits: { success: 8, error: 4 } },
  },
  {
    it: "cuts the body of an error at its own limit",
    answer: { status: 404, body: "123456789" },
    sees: { status: 404, text: "1234", truncated: true },
    request: { limits: { success: 8, error: 4 } },
  },
  {
    it: "cuts a body that would never end",
    answer: { body: "x".repeat(200_000), stalls: "in the body" },
    sees: { truncated: true },
    request: { limits: { success: 1_000, error: 4 } },
  },
  {
    it: "refuses a redirect",
    request: { headers: { authorization: secret } },
    answer: { status: 307, headers: { location: "/elsewhere" } },
    sees: { code: "redirected", retryable: false },
  },
  {
    it: "refuses headers without measure",
    answer: { headers: { "x-much": "x".repeat(20_000) } },
    sees: { code: "connection_failed", retryable: false, unsent: false },
  },
  {
    it: "ends by the signal, with the signal's reason",
    answer: { stalls: "at once" },
    aborts: true,
    sees: { code: "aborted" },
  },
  {
    it: "fails where the connection breaks before an answer",
    answer: { breaksAt: 0 },
    sees: { code: "connection_failed", retryable: true, unsent: false },
    lacks: "status",
  },
  {
    it: "fails where it breaks in the middle of a body, and tells the status that had come",
    answer: { body: "123456789", breaksAt: 5 },
    sees: { code: "connection_failed", unsent: false, status: 200 },
  },
  {
    it: "ends by the signal in the middle of a body",
    answer: { body: "123456789", stalls: "in the body" },
    aborts: true,
    sees: { code: "aborted" },
  },
];

const needsSocket = ({ answer }: Row) => answer.breaksAt !== undefined || answer.stalls === "in the body";

/** What the server of a row does, and what it saw. */
let script: Answer;
let arrived = () => undefined as void;
let hungUp = () => undefined as void;
const seen: string[] = [];

/** What the answer says. Where the row does not tell, it repeats the request. */
function textOf(method: unknown, path: unknown, headers: HttpHeaders, body: string): string {
  if (script.body !== undefined) return script.body;
  if (script.status !== undefined) return "";
  return JSON.stringify([method, path, headers["authorization"] ?? "", headers["content-type"], body]);
}

/** The table's server on a socket. */
async function onSocket(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  seen.push(String(incoming.url));
  let body = "";
  for await (const chunk of incoming.setEncoding("utf8")) body += chunk as string;
  const { breaksAt, stalls } = script;
  outgoing.once("close", hungUp);
  arrived();
  if (stalls === "at once") return;
  if (breaksAt === 0) return void outgoing.destroy();
  const text = textOf(incoming.method, incoming.url, incoming.headers as HttpHeaders, body);
  const missing = stalls === undefined ? 0 : 1;
  outgoing.writeHead(script.status ?? 200, {
    ...script.headers,
    "content-length": Buffer.byteLength(text) + missing,
  });
  if (breaksAt === undefined && stalls === undefined) return void outgoing.end(text);
  outgoing.write(text.slice(0, breaksAt), () => {
    if (breaksAt !== undefined) setImmediate(() => outgoing.destroy());
  });
}

/** The table's server as a handler. */
async function inMemory(request: HttpRequest): Promise<HttpReply> {
  const { pathname, search } = new URL(request.url);
  seen.push(pathname + search);
  arrived();
  if (script.stalls === "at once") return new Promise(() => undefined);
  const body = typeof request.body === "string" ? request.body : new TextDecoder().decode(request.body);
  const text = textOf(request.method, pathname + search, request.headers, body);
  const lower = Object.entries(script.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    status: script.status ?? 200,
    headers: Object.fromEntries(lower),
    body: new TextEncoder().encode(text),
  };
}

/** Starts a server with the table's answers on a free port. */
async function listen<Some extends Server | PlainServer>(server: Some) {
  server.on("request", (incoming, outgoing) => void onSocket(incoming, outgoing));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { server, close, host: `127.0.0.1:${port}`, origin: `https://127.0.0.1:${port}` };
}

interface Identity {
  readonly name: string;
  readonly key: string;
  readonly cert: string;
  readonly signingKey: KeyObject;
}

/** One DER element. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const commonName = (name: string) => sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))));
const extension = (id: string, value: Uint8Array) => sequence(oid(id), der(0x04, value));
const pem = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;

let serial = 0;

/** A certificate (RFC 5280) for a name, signed by an authority, or an authority where none is given. */
function identity(name: string, authority?: Identity): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const address = /^[\d.]+$/.test(name)
    ? der(0x87, Buffer.from(name.split(".").map(Number)))
    : der(0x82, Buffer.from(name));
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([(serial += 1)])),
    ecdsaWithSha256,
    commonName(authority?.name ?? name),
    sequence(der(0x17, Buffer.from("200101000000Z")), der(0x17, Buffer.from("491231000000Z"))),
    commonName(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(
      0xa3,
      sequence(
        extension("551d13", sequence(...(authority === undefined ? [der(0x01, Buffer.from([255]))] : []))),
        extension("551d11", sequence(address)),
      ),
    ),
  );
  const signature = sign("sha256", signed, authority?.signingKey ?? privateKey);
  const certificate = sequence(signed, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  return { name, key, cert: pem("CERTIFICATE", certificate), signingKey: privateKey };
}

const ca = identity("Test CA");
const other = identity("Another CA");

/** A fetch that trusts this CA. Node's own takes one at start only, so the test reaches for its dispatcher. */
async function trusting(ca: string): Promise<Transport> {
  await fetch("data:,").catch(() => undefined);
  const current = Reflect.get(globalThis, Symbol.for("undici.globalDispatcher.1")) as object;
  const Agent = current.constructor as new (options: object) => object;
  const dispatcher = new Agent({ connect: { ca } });
  return fetchTransport({ fetch: (url, init) => fetch(url, { ...init, dispatcher } as RequestInit) });
}

const requestTo = (origin: string, changes: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: `${origin}/echo?q=1`,
  headers: {},
  route: "GET /echo",
  repeat: "never",
  limits: { success: 4_096, error: 4_096 },
  ...changes,
});

/** What came of a request, as one object to compare. */
async function outcome(transport: Transport, request: HttpRequest, signal = new AbortController().signal) {
  try {
    const reply = await transport(request, signal);
    return { ...reply, text: new TextDecoder().decode(reply.body) };
  } catch (error) {
    return error as TransportError;
  }
}

const main = await listen(createServer(identity("127.0.0.1", ca)));
const https = httpsTransport({ ca: ca.cert });
const transports: readonly (readonly [string, Transport])[] = [
  ["fetch", await trusting(ca.cert)],
  ["https", https],
  ["memory", memoryTransport(inMemory)],
];

afterAll(() => {
  https.close();
  main.close();
});

describe.each(transports)("the %s transport", (name, transport) => {
  const played = rows.filter((row) => name !== "memory" || !needsSocket(row)).map((row) => [row.it, row] as const);

  test.each(played)("%s", async (_, row) => {
    const controller = new AbortController();
    const reason = new TransportError("given up", { code: "aborted" });
    script = row.answer;
    arrived = () => void (row.aborts === true && setImmediate(() => controller.abort(reason)));
    seen.length = 0;
    const result = await outcome(transport, requestTo(main.origin, row.request), controller.signal);
    expect(result).toMatchObject(row.sees);
    if (row.lacks !== undefined) expect(result).not.toHaveProperty(row.lacks);
    if (row.aborts === true) expect(result).toBe(reason);
    expect(seen).toEqual(["/echo?q=1"]);
    if (result instanceof Error) expect(`${result.message} ${String(result.cause)}`).not.toContain("token-of-a-test");
  });

  test("lets a port end a call whose answer does not come to its end", async () => {
    const clock = manualClock(0);
    script = name === "memory" ? { stalls: "at once" } : { body: "123456789", stalls: "in the body" };
    arrived = () => void setImmediate(() => clock.advance(30_000));
    const call = createIo({ transport, clock }).call(requestTo(main.origin, { repeat: "safe" }));
    await expect(call).rejects.toMatchObject({ code: "timeout" });
  });

  test("sends nothing where the signal has fired before", async () => {
    seen.length = 0;
    const reason = new TransportError("given up", { code: "aborted" });
    expect(await outcome(transport, requestTo(main.origin), AbortSignal.abort(reason))).toBe(reason);
    expect(seen).toEqual([]);
  });
});

describe.each(["fetch", "https"])("on the wire, the %s transport", (name) => {
  const make = async (trusted: string) => (name === "fetch" ? trusting(trusted) : httpsTransport({ ca: trusted }));

  test("trusts no certificate of another authority", async () => {
    const result = await outcome(await make(other.cert), requestTo(main.origin));
    expect(result).toMatchObject({ code: "tls_failed", retryable: false, help: expect.any(String) as string });
  });

  test("trusts no certificate for another name", async () => {
    const running = await listen(createServer(identity("mcias.test", ca)));
    seen.length = 0;
    expect(await outcome(await make(ca.cert), requestTo(running.origin))).toMatchObject({
      code: "tls_failed",
      message: "GET /echo: no secure connection (ERR_TLS_CERT_ALTNAME_INVALID)",
    });
    expect(seen).toEqual([]);
    running.close();
  });

  test("speaks no TLS 1.1", async () => {
    const running = await listen(
      createServer({
        ...identity("127.0.0.1", ca),
        minVersion: "TLSv1",
        maxVersion: "TLSv1.1",
        ciphers: "DEFAULT@SECLEVEL=0",
      }),
    );
    expect(await outcome(await make(ca.cert), requestTo(running.origin))).toMatchObject({ code: "tls_failed" });
    running.close();
  });

  test("knows that nothing was sent to a port where nobody listens", async () => {
    expect(await outcome(await make(ca.cert), requestTo(await freeOrigin()))).toMatchObject({
      code: "connection_failed",
      unsent: true,
      retryable: true,
      help: expect.any(String) as string,
    });
  });

  test("lets go of a connection whose answer it does not read to its end", async () => {
    const gone = new Promise<void>((resolve) => (hungUp = resolve));
    script = { status: 307, headers: { location: "/elsewhere" }, body: "moved", stalls: "in the body" };
    expect(await outcome(await make(ca.cert), requestTo(main.origin))).toMatchObject({ code: "redirected" });
    await gone;
  });

  test("does not claim so of a kept connection that breaks before an answer", async () => {
    const transport = await make(ca.cert);
    const request = requestTo(main.origin);
    script = {};
    expect(await outcome(transport, request)).toMatchObject({ status: 200 });
    script = { breaksAt: 0 };
    expect(await outcome(transport, request)).toMatchObject({ code: "connection_failed", unsent: false });
  });
});

async function freeOrigin(): Promise<string> {
  const { server, origin } = await listen(createPlainServer());
  server.close();
  await once(server, "close");
  return origin;
}

describe("the https transport alone", () => {
  test("verifies whatever the environment says", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    // The runtime warns of what the variable would do.
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const strict = httpsTransport({ ca: other.cert });
    const result = await outcome(strict, requestTo(main.origin));
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    expect(result).toMatchObject({ code: "tls_failed" });
  });

  test("takes several authorities, and the oldest version it is told", async () => {
    const running = await listen(createServer({ ...identity("127.0.0.1", ca), maxVersion: "TLSv1.2" }));
    script = {};
    const both = httpsTransport({ ca: `# two\n${other.cert}\n${ca.cert}\n` });
    const newest = httpsTransport({ ca: ca.cert, minVersion: "TLSv1.3" });
    expect(await outcome(both, requestTo(running.origin))).toMatchObject({ status: 200 });
    expect(await outcome(newest, requestTo(running.origin))).toMatchObject({ code: "tls_failed" });
    both.close();
    running.close();
  });

  test.each([
    ["", "the CA holds no certificate"],
    ["not PEM", "the CA holds no certificate"],
    [
      "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----",
      "a certificate of the CA cannot be read",
    ],
  ])("is not made with the CA %j", (text, message) => {
    expect(() => httpsTransport({ ca: text })).toThrow(expect.objectContaining({ name: "InputError", message }));
  });

  test("speaks plain HTTP to the loopback alone, and only when told to", async () => {
    const running = await listen(createPlainServer());
    script = {};
    const origin = `http://${running.host}`;
    const loose = httpsTransport({ allowHttpLoopback: true });
    expect(await outcome(loose, requestTo(origin))).toMatchObject({ status: 200 });
    seen.length = 0;
    for (const [transport, address] of [
      [httpsTransport(), origin],
      [loose, "http://host.test"],
      [loose, `ftp://${running.host}`],
      [loose, running.host],
    ] as const) {
      expect(await outcome(transport, requestTo(address))).toMatchObject({ name: "InputError" });
    }
    expect(seen).toEqual([]);
    loose.close();
    running.close();
  });

  test("keeps its connection for the next request, and opens no more than it may", async () => {
    const narrow = httpsTransport({ ca: ca.cert, maxSockets: 2 });
    let connections = 0;
    const count = () => (connections += 1);
    main.server.on("secureConnection", count);
    script = {};
    const request = requestTo(main.origin);
    await Promise.all(Array.from({ length: 8 }, () => outcome(narrow, request)));
    await outcome(narrow, request);
    main.server.off("secureConnection", count);
    expect(connections).toBe(2);
    narrow.close();
  });

  test("ends what is open when it is closed", async () => {
    const closing = httpsTransport({ ca: ca.cert });
    script = { stalls: "at once" };
    arrived = () => closing.close();
    const result = await outcome(closing, requestTo(main.origin));
    expect(result).toMatchObject({ code: "connection_failed", unsent: false });
  });
});
