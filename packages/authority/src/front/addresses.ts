import { BlockList, isIPv4, isIPv6 } from "node:net";
import { CardeaError } from "@cardea/core";

/** Who a request comes from. */
export interface Client {
  /** Canonical text; an IPv4 address that came as IPv6 is an IPv4 address. */
  readonly address: string;
  /** What guesses and rates are counted by: an IPv4 address as it is, an IPv6 one cut to its /64. */
  readonly network: string;
  /** The connection comes from a trusted proxy, whose headers are believed. */
  readonly viaProxy: boolean;
  /** A trusted proxy sent an `X-Forwarded-For` that cannot be read: then the proxy itself counts as the client. */
  readonly unreadable: boolean;
}

/**
 * Finds the client of a connection: the socket's address, or, where that is a trusted proxy, the nearest hop of
 * `X-Forwarded-For` that is not one. What stands left of it was written by strangers and is never looked at.
 *
 * @param trustedProxies addresses and CIDR ranges
 * @throws CardeaError `bad_proxy_range` where one of them cannot be read
 */
export function clientFinder(
  trustedProxies: readonly string[],
): (peer: string, forwardedFor: readonly string[]) => Client {
  const trusted = trustedRanges(trustedProxies);
  return (peer, forwardedFor) => {
    const address = canonicalAddress(peer);
    // A socket that is gone already has no address.
    if (address === undefined) return client(peer, false);
    if (!trusted(address)) return client(address, false);
    if (forwardedFor.length === 0) return client(address, true);
    const hop = nearestStranger(forwardedFor.join(","), trusted);
    return hop === undefined ? { ...client(address, true), unreadable: true } : client(hop, true);
  };
}

function client(address: string, viaProxy: boolean): Client {
  return { address, network: networkOf(address), viaProxy, unreadable: false };
}

/** The client if every hop is a proxy is the farthest one. */
function nearestStranger(forwardedFor: string, trusted: (address: string) => boolean): string | undefined {
  let hop: string | undefined;
  for (const text of forwardedFor.split(",").reverse()) {
    hop = hopAddress(text.trim());
    if (hop === undefined || !trusted(hop)) return hop;
  }
  return hop;
}

/** Some proxies add the port. */
function hopAddress(text: string): string | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/.exec(text);
  return canonicalAddress(match?.[1] ?? match?.[2] ?? text);
}

/**
 * The one text of an address (RFC 5952 for IPv6), without a zone. IPv4 in IPv6 becomes IPv4. Undefined where it is
 * not an address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const [bare = ""] = text.split("%");
  const groups = groupsOf(bare);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return new URL(`http://[${bare}]`).hostname.slice(1, -1);
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join(".");
}

/** What an address is counted by. @param address canonical */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const prefix = groupsOf(address)
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":");
  return `${canonicalAddress(`${prefix}::`)}/64`;
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const numbers = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const left = numbers(head);
  const right = numbers(tail ?? "");
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function trustedRanges(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const range of ranges) {
    const { address, length, family } = parseRange(range);
    list.addSubnet(address, length, family);
  }
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function parseRange(range: string): { address: string; length: number; family: "ipv4" | "ipv6" } {
  const [text = "", suffix, ...more] = range.trim().split("/");
  const address = canonicalAddress(text);
  const family = address !== undefined && isIPv4(address) ? "ipv4" : "ipv6";
  const longest = family === "ipv4" ? 32 : 128;
  const length = suffix === undefined ? longest : /^\d{1,3}$/.test(suffix) ? Number(suffix) : Infinity;
  if (address === undefined || more.length > 0 || length > longest) {
    throw new CardeaError("a trusted proxy is neither an address nor a range", {
      code: "bad_proxy_range",
      help: "Write it as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.",
    });
  }
  return { address, length, family };
}
