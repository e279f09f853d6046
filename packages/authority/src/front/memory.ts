import type { Clock, HttpReply, HttpRequest } from "@cardea/core";
import { createDoor } from "./door.js";
import { BodyTooLarge, type Mount } from "./exchange.js";
import { defaultLimits } from "./limits.js";
import { silentLog, type Log } from "./log.js";
import { createProbes } from "./probes.js";

/** How requests reach the mounts without a socket. */
export interface MemoryOptions {
  /** Scheme, host and port that this authority is reached by. */
  readonly origin: string;
  readonly clock: Clock;
  /** Whom requests come from. Default `127.0.0.1`. */
  readonly address?: string;
  readonly log?: Log;
  /** Makes request ids; random ones where it is not given. */
  readonly newId?: () => string;
}

/** Scheme, authority, path with query: as written, for `URL` would tidy up what the door has to see. */
const url = /^(https?):\/\/([^/?#]*)(.*)$/;

/** The same door with the same checks, as a handler for the in-memory transport and the simulation of `@cardea/core`. */
export function inMemory(
  mounts: readonly Mount[],
  options: MemoryOptions,
): (request: HttpRequest) => Promise<HttpReply> {
  const { clock, origin } = options;
  const door = createDoor({
    mounts,
    publicUrl: new URL(origin),
    trustedProxies: [],
    probes: createProbes(() => Promise.resolve({ ok: true }), clock),
    secureUrl: () => origin,
    clock,
    log: options.log ?? silentLog,
    mostHeaders: defaultLimits.headerCount,
    ...(options.newId !== undefined && { newId: options.newId }),
  });
  return async (request) => {
    const [, scheme, host = "", target = ""] = url.exec(request.url) ?? [];
    const body = Buffer.from(request.body ?? "");
    const sent = {
      host,
      ...(body.length > 0 && { "content-length": String(body.length) }),
      ...request.headers,
    };
    const reply = await door({
      method: request.method,
      target: /^[^/]/.test(target) || target === "" ? `/${target}` : target,
      rawHeaders: Object.entries(sent).flat(),
      peer: options.address ?? "127.0.0.1",
      local: undefined,
      encrypted: scheme === "https",
      listener: origin,
      body: (limit) => (body.length > limit ? Promise.reject(new BodyTooLarge()) : Promise.resolve(body)),
    });
    const isBodyless = request.method === "HEAD" || reply.status === 204;
    return {
      status: reply.status,
      headers: reply.headers,
      body: isBodyless ? new Uint8Array() : Buffer.from(reply.body),
    };
  };
}
