import type { Mount, Outbound } from "@cardea/authority";
import { getPublicKey, health, mcias } from "@cardea/mcias/contract";
import { templateOf, wires } from "../wires.js";

/** A vault that can be sealed, in front of the wire (wire document, section 8, Vault). */
export interface Vault {
  seal(on: boolean): void;
  wrap(mount: Mount): Mount;
}

/** Answered all the same. */
const exempt: ReadonlySet<string> = new Set([health.route, getPublicKey.route]);

/** @param profile only `extended` has a word for it in its health */
export function createVault(profile: "seed" | "extended"): Vault {
  let isSealed = false;
  return {
    seal: (on) => {
      isSealed = on;
    },
    wrap: (mount) => ({
      ...mount,
      async handle(request) {
        const path = templateOf(wires[mount.name]?.templates ?? [], request.path);
        // A path that nobody has is unknown, sealed or not.
        if (!isSealed || path === undefined) return mount.handle(request);
        const route = `${request.method} ${path}`;
        if (!exempt.has(route)) return refused();
        const reply = await mount.handle(request);
        const tells = route === health.route && profile === "extended";
        return tells ? { ...reply, body: JSON.stringify({ status: "sealed" }) } : reply;
      },
    }),
  };
}

function refused(): Outbound {
  const { status, code, text } = mcias.cases.sealed;
  return {
    status,
    headers: { "cache-control": "no-store", "content-type": "application/json", "retry-after": "1" },
    body: JSON.stringify(mcias.envelope.write({ code, text })),
  };
}
