import { BlockList, isIP, isIPv6 } from "node:net";
import { CardeaError } from "@cardea/core";

/** What a server is reached by. DNS names in lower case, addresses in one spelling each. */
export interface ServerNames {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

const dnsName =
  /^(?=.{1,253}$)(?!.*\.[0-9]+$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** @throws CardeaError `tls_name_invalid` */
export function canonicalNames({ names, addresses }: ServerNames): ServerNames {
  return {
    names: [...new Set(names.map((name) => canonicalName(name) ?? refuse(name)))],
    addresses: [...new Set(addresses.map(canonicalAddress))],
  };
}

/** `undefined` where this is no DNS name. */
export function canonicalName(name: string): string | undefined {
  const lower = name.toLowerCase();
  return dnsName.test(lower) && isIP(lower) === 0 ? lower : undefined;
}

function canonicalAddress(address: string): string {
  if (isIP(address) === 0 || address.includes("%")) return refuse(address);
  // A URL writes every IPv6 address in the one form of RFC 5952.
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function refuse(name: string): never {
  throw new CardeaError(`a certificate cannot name ${JSON.stringify(name)}: expected a DNS name or an IP address`, {
    code: "tls_name_invalid",
  });
}

/** Names and networks (as `10.0.0.0/8`) that a certificate authority may vouch for. A name brings those below it. */
export interface Permitted {
  readonly names: readonly string[];
  readonly networks: readonly string[];
}

/** What belongs to nobody on the internet (RFC 6761, 6762, 8375, 1918, 3927, 4193, 4291, 6598). */
export const privateNames: Permitted = {
  names: ["localhost", "local", "internal", "test", "home.arpa"],
  networks: [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
  ],
};

/** What an authority may vouch for that is made for a server of these names: private names, and these. */
export function permittedFor({ names, addresses }: ServerNames): Permitted {
  const publicNames = names.filter((name) => !permits(privateNames, { names: [name], addresses: [] }));
  const publicAddresses = addresses.filter((address) => !permits(privateNames, { names: [], addresses: [address] }));
  return {
    names: [...privateNames.names, ...publicNames],
    networks: [
      ...privateNames.networks,
      ...publicAddresses.map((address) => `${address}/${isIPv6(address) ? 128 : 32}`),
    ],
  };
}

/** Whether all of these names lie within what is permitted. */
export function permits(permitted: Permitted, { names, addresses }: ServerNames): boolean {
  const networks = new BlockList();
  for (const network of permitted.networks) {
    const [base = "", prefix = ""] = network.split("/");
    networks.addSubnet(base, Number(prefix), familyOf(base));
  }
  return (
    names.every((name) => permitted.names.some((base) => name === base || name.endsWith(`.${base}`))) &&
    addresses.every((address) => networks.check(address, familyOf(address)))
  );
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}
