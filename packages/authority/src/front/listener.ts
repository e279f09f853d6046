import {
  createServer as createPlain,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecure } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { CardeaError } from "@cardea/core";
import { canonicalAddress } from "./addresses.js";
import { bracketed } from "./hosts.js";
import type { FrontLimits } from "./limits.js";
import { listenError } from "./listen-errors.js";
import { refusal } from "./refusals.js";

/** Where the front door listens. */
export type ListenerOptions =
  | {
      readonly kind: "https";
      readonly host: string;
      /** 0 takes a free one. */
      readonly port: number;
      /** PEM text. */
      readonly cert: string;
      readonly key: string;
    }
  /** Without TLS, on a loopback address only. */
  | { readonly kind: "http"; readonly host: string; readonly port: number };

/** Where it listens by now. */
export interface FrontAddress {
  readonly kind: "https" | "http";
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

export interface Listener extends FrontAddress {
  /** Takes no more connections, ends the idle ones, and resolves when the last is gone. */
  stop(): Promise<void>;
  /** Ends every connection, also those in use. */
  destroy(): void;
}

/** Gets every request. `isWaiting`: the client waits for `100 Continue` before it sends the body. */
export type OnRequest = (request: IncomingMessage, response: ServerResponse, isWaiting: boolean) => void;

/**
 * Opens one listening socket.
 *
 * @throws CardeaError `port_in_use`, `port_denied`, `address_unavailable`, `bad_certificate`, or `plain_http_refused` for
 * plain HTTP beyond loopback
 */
export async function listen(options: ListenerOptions, limits: FrontLimits, onRequest: OnRequest): Promise<Listener> {
  const { kind, host } = options;
  if (kind === "http" && !isLoopback(host)) {
    throw new CardeaError("plain HTTP is served on loopback addresses only", {
      code: "plain_http_refused",
      help: "Use 127.0.0.1, ::1 or localhost, or the TLS listener.",
    });
  }
  const server = create(options, limits);
  const connections = watch(server, kind);
  const take = (isWaiting: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    connections.begin(request.socket, response);
    onRequest(request, response, isWaiting);
  };
  server.on("request", take(false));
  server.on("checkContinue", take(true));
  server.on("checkExpectation", (_: IncomingMessage, response: ServerResponse) => {
    const { status, headers, body } = refusal(417, "expectation_failed", "the only expectation met is 100-continue");
    response.writeHead(status, { ...headers, "content-length": body.length, connection: "close" }).end(body);
  });
  const giveUp = (socket: Duplex, answer: RawAnswer) => {
    if (socket.writable && connections.isUnanswered(socket)) answerRaw(socket, answer);
    else socket.destroy();
  };
  server.on("connect", (_: IncomingMessage, socket: Duplex) => giveUp(socket, noProxy));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    giveUp(socket, clientErrors[error.code ?? ""] ?? badRequest);
  });
  const port = await bind(server, options);
  return {
    kind,
    host,
    port,
    url: `${kind}://${urlName(host)}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        connections.endIdle();
      }),
    destroy: () => connections.destroy(),
  };
}

function create(options: ListenerOptions, limits: FrontLimits): Server {
  const http = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, Math.ceil(limits.headersMs / 4)),
    // The door answers where the header is missing, with words.
    requireHostHeader: false,
    insecureHTTPParser: false,
  };
  const server = options.kind === "https" ? secure(options, limits, http) : createPlain(http);
  // Node would drop what is beyond a limit and say nothing. The door counts, and `maxHeaderSize` bounds.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connections;
  server.timeout = limits.silenceMs;
  return server;
}

function secure(options: ListenerOptions & { readonly kind: "https" }, limits: FrontLimits, http: object): Server {
  try {
    return createSecure({
      ...http,
      cert: options.cert,
      key: options.key,
      minVersion: "TLSv1.2",
      handshakeTimeout: limits.handshakeMs,
      ALPNProtocols: ["http/1.1"],
    });
  } catch (cause) {
    throw new CardeaError("the TLS certificate and its key cannot be used", {
      code: "bad_certificate",
      help: "Give both as PEM files that belong together, the key without a passphrase.",
      cause,
    });
  }
}

/** Which requests are under way on which connection: who may be ended, and who may still be answered. */
function watch(server: Server, kind: "https" | "http") {
  const underWay = new Map<Duplex, Set<ServerResponse>>();
  // Below TLS, so that those are known too whose handshake is not done.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on(kind === "https" ? "secureConnection" : "connection", (socket: Socket) => {
    underWay.set(socket, new Set());
    socket.once("close", () => underWay.delete(socket));
    // A connection that breaks concerns nobody else.
    socket.on("error", () => socket.destroy());
  });
  return {
    begin(socket: Socket, response: ServerResponse): void {
      const responses = underWay.get(socket);
      responses?.add(response);
      response.once("close", () => responses?.delete(response));
    },
    /**
     * Whether an answer written to the connection now would be taken for that of the request that is broken. Before
     * the handshake is done nothing can be written.
     */
    isUnanswered(socket: Duplex): boolean {
      const responses = underWay.get(socket);
      return (
        responses !== undefined && [...responses].every((response) => !response.headersSent && !response.req.complete)
      );
    },
    endIdle(): void {
      for (const [socket, responses] of underWay) if (responses.size === 0) socket.destroy();
    },
    destroy(): void {
      for (const socket of underWay.keys()) socket.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

type RawAnswer = readonly [status: number, code: string, text: string];

const badRequest: RawAnswer = [400, "bad_request", "this is not a well-formed HTTP request"];
const noProxy: RawAnswer = [405, "method_not_allowed", "this is no proxy"];

/** By the codes of Node's parser. */
const clientErrors: Readonly<Record<string, RawAnswer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "request_timeout", "the request did not come whole in time"],
  HPE_HEADER_OVERFLOW: [431, "headers_too_large", "the headers are too large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "payload_too_large", "the chunk extensions are too large"],
};

/** Answers where there is no response to answer with, and ends the connection. */
function answerRaw(socket: Duplex, [status, code, text]: RawAnswer): void {
  const { headers, body } = refusal(status, code, text);
  const fields = Object.entries({ ...headers, "content-length": body.length, connection: "close" });
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  socket.on("error", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body.toString()}`, () => socket.destroy());
}

function bind(server: Server, { host, port }: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(error, host, port));
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

const wildcards = new Set(["", "0.0.0.0", "::"]);

function isLoopback(host: string): boolean {
  const address = canonicalAddress(host);
  return address === undefined ? host.toLowerCase() === "localhost" : address === "::1" || address.startsWith("127.");
}

/** What a client on this machine puts in its address. */
function urlName(host: string): string {
  return isLoopback(host) || wildcards.has(host) ? "localhost" : bracketed(canonicalAddress(host) ?? host);
}
