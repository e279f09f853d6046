import type { IncomingMessage } from "node:http";
import type { Clock } from "@cardea/core";
import { BodyLost, BodyTooLarge } from "./exchange.js";

/** How a body is read from a socket. */
export interface BodyRules {
  readonly clock: Clock;
  /** Milliseconds from the first wish for it to its last byte. */
  readonly deadlineMs: number;
  /** Called before the first byte is read: a client may be waiting for a sign to send it. */
  readonly begin: () => void;
}

/** The length that the headers announce; undefined where the body comes in chunks. None announced means none. */
export function announcedLength(request: IncomingMessage): number | undefined {
  if (request.headers["transfer-encoding"] !== undefined) return undefined;
  return Number(request.headers["content-length"] ?? 0);
}

/** The reader of a request's body, as `Inbound` promises it. Where it rejects, the rest is left unread. */
export function bodyReader(request: IncomingMessage, rules: BodyRules): (limit: number) => Promise<Uint8Array> {
  let isTaken = false;
  return async (limit) => {
    if (isTaken) throw new TypeError("the body of a request is read once");
    isTaken = true;
    const announced = announcedLength(request);
    if (announced === 0) return new Uint8Array();
    if (announced !== undefined && announced > limit) throw new BodyTooLarge();
    rules.begin();
    return collect(request, limit, rules);
  };
}

function collect(request: IncomingMessage, limit: number, rules: BodyRules): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const give = (outcome: () => void) => {
      cancel();
      request.off("data", take).off("end", whole).off("close", lost);
      request.pause();
      outcome();
    };
    const take = (chunk: Uint8Array) => {
      length += chunk.length;
      if (length > limit) return give(() => reject(new BodyTooLarge()));
      chunks.push(chunk);
    };
    const whole = () => give(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    const lost = () => give(() => reject(new BodyLost()));
    const cancel = rules.clock.after(rules.deadlineMs, lost);
    if (request.destroyed && !request.complete) return lost();
    request.on("data", take).on("end", whole).on("close", lost);
  });
}
