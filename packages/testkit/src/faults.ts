import { ReplyDropped, type Inbound, type Mount, type Outbound } from "@cardea/authority";
import type { Clock } from "@cardea/core";
import { templateOf, wires, type WireFacts } from "./wires.js";

/** What happens to a request in place of what would have, or before it. */
export interface Fault {
  /** Answers with this status; the wire is not asked. */
  readonly status?: number;
  /** An object is sent as JSON, a text as it is. Default: what the wire itself says with that status. */
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds of the house's clock that the request waits first. Alone, the wire then answers as usual. */
  readonly delayMs?: number;
  /** The connection ends without an answer; the wire is not asked. */
  readonly drop?: boolean;
}

/** A request that reached a wire. Never holds an id, a header or a body. */
export interface SeenRequest {
  readonly wire: string;
  readonly method: string;
  /** The template, such as `/v1/token/{jti}`; `unknown` where the wire has no such path. */
  readonly path: string;
  /** 0 where the connection was dropped. */
  readonly status: number;
  /** Whether the request had a bearer token. */
  readonly bearer: boolean;
}

/** Faults that a test plants, and what it can see of the requests. */
export interface Faults {
  /** Requests that have been answered, in that order. */
  readonly requests: readonly SeenRequest[];
  /**
   * Plants a fault for the next request to a path, whatever its method; several wait in line.
   *
   * @param pathTemplate as in the wire document: `/v1/accounts/{id}`
   * @throws TypeError where no wire has it
   */
  failNext(pathTemplate: string, fault: Fault): void;
  /**
   * Adds a member to every reply of a path that succeeds: to the object, or to each object of an array.
   *
   * @throws TypeError where no wire has the path
   */
  extraField(pathTemplate: string, name: string, value: unknown): void;
}

/** Faults, and what puts them between the door and a wire. */
export interface PlantedFaults extends Faults {
  wrap(mount: Mount): Mount;
}

export function plantedFaults(clock: Clock): PlantedFaults {
  const requests: SeenRequest[] = [];
  const failing = new Map<string, Fault[]>();
  const extra = new Map<string, Record<string, unknown>>();
  const known = new Set(Object.values(wires).flatMap(({ templates }) => templates));

  function expectKnown(template: string): void {
    if (!known.has(template)) throw new TypeError(`no wire has the path ${template}: write it as ${[...known][0]}`);
  }

  async function answer(mount: Mount, wire: WireFacts | undefined, request: Inbound, path: string): Promise<Outbound> {
    const fault = failing.get(path)?.shift();
    if (fault?.delayMs !== undefined) await elapse(clock, fault.delayMs);
    if (fault?.drop === true) throw new ReplyDropped("planted");
    const replaces = fault?.status !== undefined || fault?.body !== undefined || fault?.headers !== undefined;
    if (replaces) return planted(fault, wire);
    return withMembers(await mount.handle(request), extra.get(path));
  }

  return {
    requests,
    failNext(template, fault) {
      expectKnown(template);
      failing.set(template, [...(failing.get(template) ?? []), fault]);
    },
    extraField(template, name, value) {
      expectKnown(template);
      extra.set(template, { ...extra.get(template), [name]: value });
    },
    wrap: (mount) => ({
      ...mount,
      async handle(request) {
        const wire = wires[mount.name];
        const path = templateOf(wire?.templates ?? [], request.path) ?? "unknown";
        let status = 0;
        try {
          const reply = await answer(mount, wire, request, path);
          status = reply.status;
          return reply;
        } finally {
          const bearer = /^bearer +\S/i.test(request.headers["authorization"] ?? "");
          requests.push({ wire: mount.name, method: request.method, path, status, bearer });
        }
      },
    }),
  };
}

function elapse(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

function planted({ status = 200, body, headers = {} }: Fault, wire: WireFacts | undefined): Outbound {
  const text = typeof body === "object" ? JSON.stringify(body) : (body ?? wire?.errorBody(status) ?? "");
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { status, headers: { ...(text !== "" && { "content-type": "application/json" }), ...lower }, body: text };
}

function withMembers(reply: Outbound, members: Readonly<Record<string, unknown>> | undefined): Outbound {
  if (members === undefined || reply.status >= 300 || reply.body.length === 0) return reply;
  const value: unknown = JSON.parse(Buffer.from(reply.body).toString("utf8"));
  const extended = Array.isArray(value)
    ? value.map((item: object) => ({ ...item, ...members }))
    : { ...(value as object), ...members };
  return { ...reply, body: JSON.stringify(extended) };
}
