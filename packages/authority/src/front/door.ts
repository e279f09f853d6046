import { randomUUID } from "node:crypto";
import type { Clock } from "@cardea/core";
import { clientFinder, type Client } from "./addresses.js";
import { BodyLost, BodyTooLarge, ReplyDropped, type Inbound, type Mount, type Outbound } from "./exchange.js";
import { readHeaders, valuesOf, type ReadHeaders } from "./headers.js";
import { createHosts } from "./hosts.js";
import { errorFacts, type Log } from "./log.js";
import { createMounts } from "./mounts.js";
import { longestQuery, readParameters } from "./parameters.js";
import { isCanonical } from "./paths.js";
import type { Probes } from "./probes.js";
import { refusal } from "./refusals.js";

/** A request as it comes from a socket or from memory, before any check. */
export interface Arrival {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  /** The address at the other end of the socket. */
  readonly peer: string;
  /** The address at our end of it. */
  readonly local: string | undefined;
  /** Whether it came by TLS. */
  readonly encrypted: boolean;
  /** How the listener that it came in by is reached. */
  readonly listener: string;
  /** As in `Inbound`. */
  body(limit: number): Promise<Uint8Array>;
}

/** What the door is made of. */
export interface DoorOptions {
  readonly mounts: readonly Mount[];
  /** How the world reaches this authority; the listener's address where it is not given. */
  readonly publicUrl?: URL | undefined;
  /** Addresses and CIDR ranges whose `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id` are believed. */
  readonly trustedProxies: readonly string[];
  readonly probes: Probes;
  /** Where TLS is spoken, for those who came without. */
  readonly secureUrl: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** How many headers a request may have. */
  readonly mostHeaders: number;
  /** Whether every request is a line in the log. */
  readonly logRequests?: boolean;
  readonly newId?: () => string;
}

/** Rejects with `ReplyDropped` only. The reply has the header `connection: close` where nothing more can be read from the connection. */
export type Door = (arrival: Arrival) => Promise<Outbound>;

/** The checks that every request passes before a mount sees it, whichever way it came. */
export function createDoor(options: DoorOptions): Door {
  const { clock, log, probes, publicUrl, secureUrl } = options;
  const hosts = createHosts(publicUrl);
  const clientOf = clientFinder(options.trustedProxies);
  const mounts = createMounts(options.mounts);
  const newId = options.newId ?? randomUUID;

  interface Visit {
    readonly arrival: Arrival;
    readonly id: string;
    readonly client: Client;
    readonly read: ReadHeaders;
    /** The mount that answers, once it is found. */
    mount?: string;
  }

  async function answer(visit: Visit): Promise<Outbound> {
    const { arrival, client, id } = visit;
    const { headers, repeated } = visit.read;
    if (arrival.rawHeaders.length / 2 > options.mostHeaders) {
      return refusal(431, "too_many_headers", `more than ${options.mostHeaders} headers`);
    }
    const { path, query } = split(arrival.target);
    const method = arrival.method === "HEAD" ? "GET" : arrival.method;
    // Supervisors ask by whatever address they know.
    const probed = await probes(method, path);
    if (probed !== undefined) return probed;
    const stranger = hosts.refuse(headers["host"], repeated.has("host"), arrival.local);
    if (stranger !== undefined) return stranger;
    if (!isCanonical(path)) return refusal(404, "not_found", "not found");

    const found = mounts.find(path);
    if (found === undefined) return mounts.unknown;
    const { mount } = found;
    visit.mount = mount.name;
    const secure = arrival.encrypted || (client.viaProxy && headers["x-forwarded-proto"]?.toLowerCase() === "https");
    if (mount.secureOnly && !secure) return insecure(mount, secureUrl());
    if (query.length > longestQuery) {
      return refusal(414, "query_too_long", `the query is longer than ${longestQuery} characters`);
    }
    const parameters = readParameters(query);
    if ("problem" in parameters) return refusal(400, parameters.problem, parameters.text);

    return mount.handle({
      id,
      method,
      path: found.path,
      query: parameters.values,
      headers,
      repeated,
      address: client.address,
      network: client.network,
      origin: publicUrl?.origin ?? arrival.listener,
      mount: mount.prefix,
      secure,
      body: (limit) => arrival.body(limit),
    } satisfies Inbound);
  }

  return async (arrival) => {
    const startedAt = clock.elapsed();
    const read = readHeaders(arrival.rawHeaders);
    const client = clientOf(arrival.peer, valuesOf(arrival.rawHeaders, "x-forwarded-for"));
    const visit: Visit = { arrival, client, read, id: idFrom(client, read) ?? newId() };
    const { id } = visit;
    if (client.unreadable) log.warn("forwarded_for_unreadable", { id, address: client.address });
    const reply = await answer(visit).catch((error: unknown) => failed(error, id));
    if (options.logRequests === true) {
      const ms = Math.round(clock.elapsed() - startedAt);
      log.info("request", {
        id,
        method: arrival.method,
        mount: visit.mount,
        status: reply.status,
        ms,
        address: client.address,
      });
    }
    return { ...reply, headers: { ...reply.headers, "x-request-id": id } };
  };

  function failed(error: unknown, id: string): Outbound {
    if (error instanceof ReplyDropped) throw error;
    if (error instanceof BodyLost) {
      return refusal(408, "request_timeout", "the body did not come whole in time", {
        headers: { connection: "close" },
      });
    }
    if (error instanceof BodyTooLarge) return refusal(413, "payload_too_large", "request body too large");
    log.error("request_failed", { id, ...errorFacts(error) });
    return refusal(500, "internal_error", "internal error");
  }
}

/** A fragment has no place in a request: with it the path is not canonical. */
function split(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf("?");
  if (mark === -1 || target.includes("#")) return { path: target, query: "" };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

function idFrom(client: Client, { headers }: ReadHeaders): string | undefined {
  const id = headers["x-request-id"];
  return client.viaProxy && id !== undefined && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : undefined;
}

function insecure(mount: Mount, secureUrl: string | undefined): Outbound {
  const address = secureUrl === undefined ? undefined : `${secureUrl}${mount.prefix}`;
  return refusal(421, "https_required", `${mount.name} is served over HTTPS only`, {
    ...(address !== undefined && { expected: [address] }),
    help: address === undefined ? "Use the authority's https address." : `Use ${address} in place of this address.`,
  });
}
