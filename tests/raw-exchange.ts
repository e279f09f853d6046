import { connect, type TLSSocket } from "node:tls";

/** A client that sends just the bytes it is given, and reads replies more strictly than any library does. */

export interface Door {
  readonly port: number;
  readonly ca: string;
}

/** A reply as it came over the socket. */
export interface PlainReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export function knock({ port, ca }: Door): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca }, () => {
      socket.off("error", reject).on("error", () => undefined);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Sends the bytes of one request and waits for its reply, or for the end of the connection. */
export async function ask(door: Door, request: string | Buffer): Promise<PlainReply | undefined> {
  const socket = await knock(door);
  const bytes = Buffer.isBuffer(request) ? request : Buffer.from(request, "latin1");
  socket.write(bytes);
  const got = await received(socket, (text) => final(readReplies(text).replies).length > 0);
  socket.destroy();
  return final(readReplies(got).replies)[0];
}

/** Replies that end a request: those before it (100) only say that it may go on. */
function final(replies: readonly PlainReply[]): readonly PlainReply[] {
  return replies.filter(({ status }) => status >= 200);
}

/**
 * What comes until there is enough of it, the other side closes, or nothing comes for a while.
 *
 * @param quietMs how long a silence ends it; never where it is not given
 */
export function received(socket: TLSSocket, isEnough: (text: string) => boolean, quietMs?: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    let timer: NodeJS.Timeout | undefined;
    const done = () => {
      clearTimeout(timer);
      resolve(text);
    };
    const wait = () => {
      clearTimeout(timer);
      if (quietMs !== undefined) timer = setTimeout(done, quietMs);
    };
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (isEnough(text)) done();
      else wait();
    });
    socket.once("close", done);
    wait();
  });
}

export interface ReadReplies {
  readonly replies: readonly PlainReply[];
  /** What is wrong with the bytes as HTTP/1.1. */
  readonly problem?: string;
  /** Bytes behind the last whole reply. */
  readonly rest: string;
}

/**
 * Reads replies one after the other (RFC 9112).
 *
 * @param isHead whether the request of that number was a HEAD, whose reply has no body
 */
export function readReplies(text: string, isHead: (at: number) => boolean = () => false): ReadReplies {
  const replies: PlainReply[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return { replies, rest };
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(line)?.[1]);
    if (Number.isNaN(status)) return { replies, rest, problem: `no status line: ${JSON.stringify(line.slice(0, 80))}` };
    const headers = new Map<string, string>();
    for (const field of fields) {
      const [, name, value] = /^([A-Za-z0-9-]+): ([ -~]*)$/.exec(field) ?? [];
      if (name === undefined || value === undefined) return { replies, rest, problem: "a malformed header" };
      if (headers.has(name.toLowerCase())) return { replies, rest, problem: `two headers ${name}` };
      headers.set(name.toLowerCase(), value);
    }
    const announced = headers.get("content-length");
    const isBodyless = status < 200 || status === 204 || status === 304;
    if (!isBodyless && !/^\d+$/.test(announced ?? "")) return { replies, rest, problem: "no length" };
    const length = isBodyless || isHead(replies.length) ? 0 : Number(announced);
    if (rest.length < end + 4 + length) return { replies, rest };
    replies.push({ status, headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
}

/** A request with a right `Host`, these headers and this body. */
export function request(method: string, path: string, headers: readonly string[] = [], body?: string | object): string {
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  const lines = ["Host: localhost", ...headers];
  if (text !== undefined)
    lines.push("Content-Type: application/json", `Content-Length: ${Buffer.byteLength(text, "latin1")}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${text ?? ""}`;
}

export function bearer(token: string): string {
  return `Authorization: Bearer ${token}`;
}
