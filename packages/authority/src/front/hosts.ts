import { hostname } from "node:os";
import { canonicalAddress } from "./addresses.js";
import type { Outbound } from "./exchange.js";
import { refusal } from "./refusals.js";

/** Names that always mean the machine that the request is made on. */
export const loopbackNames: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/**
 * The names that this authority answers for, and nobody else's: those of loopback, and the host of the public address,
 * or, where there is none, the name of the machine and the address that the connection came in by.
 *
 * A request for another name gets an answer that says which it named and which would be right. No URL is ever made
 * from this header.
 */
export interface Hosts {
  /** Why a `Host` header will not do, or nothing. @param local the socket's own address */
  refuse(host: string | undefined, isRepeated: boolean, local: string | undefined): Outbound | undefined;
}

const form = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;

export function createHosts(publicUrl: URL | undefined): Hosts {
  const names = [...(publicUrl === undefined ? [] : [publicUrl.hostname]), ...loopbackNames];
  if (publicUrl === undefined) names.push(hostname().toLowerCase());
  const known = new Set(names);
  return {
    refuse(host, isRepeated, local) {
      if (isRepeated || host === undefined) {
        return refusal(400, "bad_host", "a request needs exactly one Host header");
      }
      const name = form.exec(host)?.[1];
      if (name === undefined) return refusal(400, "bad_host", "the Host header is not a host with a port");
      const canonical = canonicalName(name);
      if (known.has(canonical)) return undefined;
      const own = publicUrl === undefined && local !== undefined ? canonicalAddress(local) : undefined;
      if (own !== undefined && canonical === bracketed(own)) return undefined;
      return unknownHost(name, own === undefined ? names : [...known, bracketed(own)]);
    },
  };
}

/** An IPv6 address has brackets here, as it has in a URL. */
export function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function canonicalName(name: string): string {
  const address = canonicalAddress(name.replace(/^\[(.*)\]$/, "$1"));
  return address === undefined ? name.toLowerCase() : bracketed(address);
}

/** The name has only characters of names by now: it can be shown. */
function unknownHost(name: string, expected: readonly string[]): Outbound {
  return refusal(421, "misdirected_request", `this authority does not answer for the host ${name.slice(0, 253)}`, {
    expected: [...new Set(expected)],
    help: "Use one of these names, or start the authority with --public-url and the address that clients use.",
  });
}
