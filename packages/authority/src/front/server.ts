import type { IncomingMessage, ServerResponse } from "node:http";
import { CardeaError, type Clock } from "@cardea/core";
import { bodyReader } from "./body.js";
import { createDoor } from "./door.js";
import type { Mount } from "./exchange.js";
import { defaultLimits, type FrontLimits } from "./limits.js";
import { listen, type FrontAddress, type Listener, type ListenerOptions } from "./listener.js";
import { errorFacts, type Log } from "./log.js";
import { createProbes, type Readiness } from "./probes.js";
import { sendReply } from "./replies.js";

/** How the front door is opened. */
export interface FrontOptions {
  readonly mounts: readonly Mount[];
  readonly listeners: readonly ListenerOptions[];
  /** Scheme, host and port that the world reaches this authority by; the listener's own where it is not given. */
  readonly publicUrl?: string;
  /** Addresses and CIDR ranges whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id` are believed. */
  readonly trustedProxies: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<FrontLimits>;
  /** Whether every request is a line in the log. Default: no. */
  readonly logRequests?: boolean;
  /** What `/readyz` tells. Once the door closes it takes no connection, which tells the same. */
  readonly ready: () => Promise<Readiness>;
}

/** An open front door. */
export interface Front {
  readonly addresses: readonly FrontAddress[];
  /** Takes no more requests, lets those under way finish for so many milliseconds, then ends every connection. */
  close(graceMs: number): Promise<void>;
}

/**
 * Opens the one door in from the network: every listener, or none.
 *
 * @throws CardeaError `port_in_use`, `port_denied`, `address_unavailable`, `bad_certificate`, `plain_http_refused`,
 * `bad_public_url`, `bad_proxy_range`
 */
export async function openFront(options: FrontOptions): Promise<Front> {
  const { clock, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const publicUrl = options.publicUrl === undefined ? undefined : readPublicUrl(options.publicUrl);
  const listeners: Listener[] = [];
  let closing: Promise<void> | undefined;

  const door = createDoor({
    ...options,
    publicUrl,
    mostHeaders: limits.headerCount,
    secureUrl: () => [publicUrl?.origin, ...listeners.map(({ url }) => url)].find((url) => url?.startsWith("https:")),
    probes: createProbes(options.ready, clock),
  });

  /** @param url how the listener is reached: known when it is bound, which is before the first request */
  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    waits: boolean,
    url: string,
  ): Promise<void> {
    let isWaiting = waits;
    const begin = () => {
      if (isWaiting) response.writeContinue();
      isWaiting = false;
    };
    const reply = await door({
      method: request.method ?? "",
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
      peer: request.socket.remoteAddress ?? "",
      local: request.socket.localAddress,
      encrypted: url.startsWith("https:"),
      listener: url,
      body: bodyReader(request, { clock, deadlineMs: limits.bodyMs, begin }),
    });
    await sendReply(request, response, reply, { clock, limits, isLast: closing !== undefined, isWaiting });
  }

  async function open(where: ListenerOptions): Promise<void> {
    const listener: Listener = await listen(where, limits, (request, response, isWaiting) => {
      // That the connection broke under a reply shows in its `close`.
      response.on("error", () => response.destroy());
      answer(request, response, isWaiting, listener.url).catch((error: unknown) => {
        log.error("reply_failed", errorFacts(error));
        response.destroy();
      });
    });
    listeners.push(listener);
  }

  try {
    for (const where of options.listeners) await open(where);
  } catch (error) {
    await close(0);
    throw error;
  }
  return { addresses: listeners.map(({ kind, url, host, port }) => ({ kind, url, host, port })), close };

  function close(graceMs: number): Promise<void> {
    closing ??= end(graceMs);
    return closing;
  }

  async function end(graceMs: number): Promise<void> {
    const stopped = Promise.all(listeners.map((listener) => listener.stop()));
    const cancel = clock.after(graceMs, () => listeners.forEach((listener) => listener.destroy()));
    await stopped;
    cancel();
  }
}

function readPublicUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin =
    url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href && url.hostname !== "";
  if (isOrigin) return url;
  throw new CardeaError("the public address must be a scheme, a host and perhaps a port", {
    code: "bad_public_url",
    help: "Write it as https://auth.example.com.",
  });
}
