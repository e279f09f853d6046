import { manualClock, type ManualClock } from "@cardea/core";
import { Mask } from "./mask.js";
import type { Stage } from "./play.js";
import type { RawReply, RawRequest, Wire } from "./wire/wire.js";

/** A reply as short as a test can write it. */
export function reply(status: number, body?: unknown, headers: Record<string, string> = {}): RawReply {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers, text };
}

/** A server in memory that remembers what it was sent. */
export function serverOf(handle: (request: RawRequest, count: number) => RawReply | Promise<RawReply>) {
  const requests: RawRequest[] = [];
  const send: Wire = async (request) => handle(request, requests.push(request));
  return { requests, send };
}

/** A clock on which every wait is over at once, as if one had waited. */
export function hastyClock(): ManualClock & { readonly waits: number[] } {
  const clock = manualClock(1_000_000_000_000);
  const waits: number[] = [];
  return {
    ...clock,
    waits,
    after: (ms, wake) => {
      // The limit of an exchange is no wait: it must not fire.
      if (ms === 30_000) return () => undefined;
      waits.push(ms);
      clock.advance(ms);
      const timer = setTimeout(wake, 0);
      return () => clearTimeout(timer);
    },
  };
}

export function stageFor(send: Wire, more: Partial<Stage> = {}): Stage {
  return {
    send,
    clock: hastyClock(),
    mask: new Mask(),
    profile: "seed",
    signal: new AbortController().signal,
    heard: () => undefined,
    ...more,
  };
}
