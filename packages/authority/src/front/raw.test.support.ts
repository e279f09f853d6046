import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { systemClock } from "@cardea/core";
import { issueAuthority, issueServer } from "../tls/issue.js";
import { privateNames } from "../tls/names.js";
import type { Inbound, Mount, Outbound } from "./exchange.js";
import { silentLog } from "./log.js";
import { openFront, type Front, type FrontOptions } from "./server.js";

/** What the tests of sockets share: a door to knock at, and a client that sends just the bytes it is given. */

/** A reply as it came over the socket. */
export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers with what it was asked, after reading the body where the path says so. */
export const echo: Mount = {
  name: "echo",
  prefix: "/echo",
  secureOnly: false,
  async handle(request: Inbound): Promise<Outbound> {
    const limit = /^\/read\/(\d+)$/.exec(request.path)?.[1];
    const read = limit === undefined ? undefined : (await request.body(Number(limit))).length;
    const { id, method, path, query, headers, address, network, origin, secure } = request;
    const repeated = [...request.repeated];
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id, method, path, query, headers, repeated, address, network, origin, secure, read }),
    };
  },
};

export const secret: Mount = { ...echo, name: "secret", prefix: "/secret", secureOnly: true };

/** An open door, and the port of its first listener. */
export type PlainFront = Front & { readonly port: number };

/** A door on a plain loopback socket. */
export async function plainFront(options: Partial<FrontOptions> = {}): Promise<PlainFront> {
  const front = await openFront({
    mounts: [echo, secret],
    listeners: [{ kind: "http", host: "127.0.0.1", port: 0 }],
    trustedProxies: [],
    clock: systemClock,
    log: silentLog,
    ready: () => Promise.resolve({ ok: true }),
    ...options,
  });
  return { ...front, port: front.addresses[0]?.port ?? 0 };
}

/** A request with a right `Host`, and these headers. */
export function get(path: string, ...headers: string[]): string {
  return `GET ${path} HTTP/1.1\r\n${["Host: localhost", ...headers].join("\r\n")}\r\n\r\n`;
}

export function post(path: string, body: string, ...headers: string[]): string {
  const lines = ["Host: localhost", `Content-Length: ${body.length}`, ...headers];
  return `POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** Sends the bytes, then collects what comes until the other side closes or so many replies are there. */
export async function exchange(port: number, bytes: string | readonly string[], replies = 1): Promise<RawReply[]> {
  const socket = connect(port, "127.0.0.1");
  const parts = typeof bytes === "string" ? [bytes] : bytes;
  for (const part of parts) socket.write(part, "latin1");
  return collect(
    socket,
    parts.map((part) => /^HEAD /.test(part)),
    replies,
  );
}

/** As `exchange`, and waits until the other side closes. */
export function untilClosed(port: number, bytes: string): Promise<RawReply[]> {
  return exchange(port, bytes, Infinity);
}

export function collect(socket: Socket, heads: readonly boolean[], replies: number): Promise<RawReply[]> {
  return new Promise((resolve) => {
    let text = "";
    const done = () => {
      socket.destroy();
      resolve(parse(text, heads));
    };
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (parse(text, heads).filter(({ status }) => status >= 200).length >= replies) done();
    });
    socket.on("error", () => undefined);
    socket.on("close", done);
  });
}

function parse(text: string, heads: readonly boolean[]): RawReply[] {
  const found: RawReply[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return found;
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n");
    const headers = Object.fromEntries(
      fields.map((field) => [field.slice(0, field.indexOf(":")).toLowerCase(), field.slice(field.indexOf(":") + 2)]),
    );
    const length = heads[found.length] === true ? 0 : Number(headers["content-length"] ?? 0);
    if (rest.length < end + 4 + length) return found;
    found.push({ status: Number(line.split(" ")[1]), headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
}

/** A key and a certificate for `localhost`, and the CA that stands behind it. */
export function certificate(): { readonly cert: string; readonly key: string; readonly ca: string } {
  const context = { now: systemClock.now(), random: randomBytes };
  const authority = issueAuthority(privateNames, context);
  const { cert, key } = issueServer(authority, { names: ["localhost"], addresses: ["127.0.0.1"] }, context);
  return { cert, key, ca: authority.cert };
}

/** A TLS connection to `localhost`, with an own idea of versions where the test has one. */
export function secureSocket(port: number, ca: string, options: object = {}): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca, ...options }, () =>
      resolve(socket),
    );
    socket.once("error", reject);
  });
}
