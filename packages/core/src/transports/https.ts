import { X509Certificate } from "node:crypto";
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { InputError } from "../errors.js";
import type { HttpReply, HttpRequest } from "../http.js";
import type { Transport } from "../io.js";
import { onAbort } from "../signals.js";
import { failure } from "./failures.js";
import { ReplyBody, maxHeaderBytes, refuseRedirect } from "./rules.js";

export interface HttpsOptions {
  /** PEM text with one or more certificates. They are then the only trust anchors; without it, those of the runtime. */
  readonly ca?: string;
  /** The oldest version spoken; TLSv1.2 where it is not given. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Lets `http:` pass to `localhost`, `127.0.0.1` and `[::1]`, for tests. */
  readonly allowHttpLoopback?: boolean;
  /** Connections that are open to one server at the same time; 32 where it is not given. Further calls wait. */
  readonly maxSockets?: number;
}

/** A transport with connections of its own. */
export interface HttpsTransport extends Transport {
  /** Ends every connection, also those in use. */
  close(): void;
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);
const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * HTTPS by Node's own module: with a CA of one's own and connections that are kept. Certificate and name are always
 * verified; no option and no environment variable switches that off.
 *
 * @throws InputError where `ca` holds no certificate, or one that cannot be read
 */
export function httpsTransport(options: HttpsOptions = {}): HttpsTransport {
  const pool = { keepAlive: true, maxSockets: options.maxSockets ?? 32, maxFreeSockets: 8 };
  const plain = new HttpAgent(pool);
  const secure = new HttpsAgent({
    ...pool,
    minVersion: options.minVersion ?? "TLSv1.2",
    rejectUnauthorized: true,
    ...(options.ca === undefined ? {} : { ca: anchors(options.ca) }),
  });

  const send = (request: HttpRequest, signal: AbortSignal): Promise<HttpReply> => {
    if (!URL.canParse(request.url)) throw new InputError(`${request.route}: the address is not a URL`);
    const url = new URL(request.url);
    if (url.protocol === "https:")
      return exchange(request, httpsRequest(url, { ...head(request), agent: secure }), signal);
    if (url.protocol === "http:" && options.allowHttpLoopback === true && loopback.has(url.hostname)) {
      return exchange(request, httpRequest(url, { ...head(request), agent: plain }), signal);
    }
    throw new InputError(`${request.route}: only https is spoken`, "Use an address that begins with https://.");
  };
  return Object.assign(async (request: HttpRequest, signal: AbortSignal) => send(request, signal), {
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  });
}

/** An empty list would silently stand for the runtime's own anchors. */
function anchors(pem: string): string[] {
  const found = pem.match(certificate) ?? [];
  try {
    for (const one of found) new X509Certificate(one);
  } catch {
    throw new InputError("a certificate of the CA cannot be read");
  }
  if (found.length === 0) throw new InputError("the CA holds no certificate", "Give PEM text, as in a ca.pem file.");
  return found;
}

function head(request: HttpRequest) {
  return {
    method: request.method,
    headers: {
      ...request.headers,
      ...(request.body === undefined ? {} : { "content-length": Buffer.byteLength(request.body) }),
    },
    maxHeaderSize: maxHeaderBytes,
  };
}

async function exchange(request: HttpRequest, outgoing: ClientRequest, signal: AbortSignal): Promise<HttpReply> {
  // A connection that was used before may be one that the server is just closing: what becomes of the request is then
  // unknown. Only on a new one is it certain that nothing leaves before it stands.
  let connected = false;
  outgoing.once("socket", (socket) => {
    if (outgoing.reusedSocket) connected = true;
    else socket.once(outgoing.protocol === "https:" ? "secureConnect" : "connect", () => (connected = true));
  });
  const stop = onAbort(signal, () => outgoing.destroy());
  let status: number | undefined;
  try {
    const incoming = await answer(request, outgoing);
    status = incoming.statusCode ?? 0;
    return await read(request, incoming, status);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw failure(request, thrown, status === undefined ? { unsent: !connected } : { status });
  } finally {
    stop();
  }
}

function answer(request: HttpRequest, outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    // Stays: an error after the answer shows in its body, and must not end the process.
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

async function read(request: HttpRequest, incoming: IncomingMessage, status: number): Promise<HttpReply> {
  const headers = Object.fromEntries(
    Object.entries(incoming.headersDistinct).map(([name, values]) => [name, (values ?? []).join(", ")]),
  );
  const body = new ReplyBody(request, status);
  try {
    refuseRedirect(request, { status, headers });
    for await (const chunk of incoming) if (!body.add(chunk as Uint8Array)) break;
  } finally {
    // No more than that is read: the connection cannot be used again.
    if (!incoming.complete) incoming.destroy();
  }
  return body.reply(status, headers);
}
