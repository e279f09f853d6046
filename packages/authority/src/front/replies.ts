import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@cardea/core";
import { announcedLength } from "./body.js";
import type { Outbound } from "./exchange.js";
import type { FrontLimits } from "./limits.js";

/** What decides whether a connection is kept after a reply. */
export interface ReplyRules {
  readonly clock: Clock;
  readonly limits: Pick<FrontLimits, "spareBytes" | "lingerBytes" | "lingerMs">;
  /** The listener is closing: no further request is wanted. */
  readonly isLast: boolean;
  /** The client waits for a sign before it sends its body, and has had none. */
  readonly isWaiting: boolean;
}

/**
 * Writes a reply. A body that nobody read is drained, by Node, where it is short. Otherwise the connection ends with
 * the reply, after a while of reading on: closing it at once would reset it, and the client would never see the reply.
 */
export async function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Outbound,
  rules: ReplyRules,
): Promise<void> {
  if (response.destroyed) return;
  const isBodyless = reply.status === 204 || reply.status === 304;
  const rest = request.complete ? "none" : rules.isWaiting ? "unsent" : restOf(request, rules.limits.spareBytes);
  const closes = rules.isLast || rest === "long" || rest === "unsent" || reply.headers["connection"] === "close";
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(!isBodyless && { "content-length": Buffer.byteLength(reply.body) }),
    ...(closes && { connection: "close" }),
  });
  if (rest === "long" && reply.headers["connection"] !== "close") {
    response.flushHeaders();
    if (!isBodyless) response.write(reply.body);
    await linger(request, rules);
    response.end();
    return;
  }
  response.end(isBodyless ? undefined : reply.body);
}

function restOf(request: IncomingMessage, spareBytes: number): "short" | "long" {
  return (announcedLength(request) ?? Infinity) <= spareBytes ? "short" : "long";
}

/** Reads on and throws away, until the body ends, or has been too long or too slow. */
function linger(request: IncomingMessage, { clock, limits }: ReplyRules): Promise<void> {
  return new Promise((resolve) => {
    let left = limits.lingerBytes;
    const stop = () => {
      cancel();
      request.off("data", count).pause();
      resolve();
    };
    const count = (chunk: Uint8Array) => {
      left -= chunk.length;
      if (left < 0) stop();
    };
    const cancel = clock.after(limits.lingerMs, stop);
    request.on("data", count).once("end", stop).once("close", stop);
    request.resume();
  });
}
