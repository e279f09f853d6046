import type { HttpReply, HttpRequest } from "../http.js";
import type { Transport } from "../io.js";
import { untilAborted } from "../signals.js";
import { ReplyBody, refuseLongHeaders, refuseRedirect } from "./rules.js";

/** Answers a request without a socket. What it throws is its own fault and passes to the caller as it is. */
export type Handler = (request: HttpRequest, signal: AbortSignal) => Promise<HttpReply>;

/** Straight into a handler, under the rules of every transport. */
export function memoryTransport(handler: Handler): Transport {
  return async (request, signal) => {
    signal.throwIfAborted();
    const { status, headers, body } = await untilAborted(handler(request, signal), signal);
    refuseRedirect(request, { status, headers });
    refuseLongHeaders(request, headers);
    const read = new ReplyBody(request, status);
    read.add(body);
    return read.reply(status, headers);
  };
}
