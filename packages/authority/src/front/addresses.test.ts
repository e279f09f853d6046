import { describe, expect, test } from "vitest";
import { canonicalAddress, clientFinder, networkOf } from "./addresses.js";

describe("the text of an address", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:c000:0207", "192.0.2.7"],
    ["0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:0db8:0000::0001", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::1", "::1"],
    ["::", "::"],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  test.each(["", "localhost", "1.2.3", "01.2.3.4", "1.2.3.256", "0x7f.1", "2130706433", "::g", "[::1]", "1.2.3.4 "])(
    "%j is none",
    (text) => {
      expect(canonicalAddress(text)).toBeUndefined();
    },
  );
});

describe("a network", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8::/64"],
    ["2001:db8:0:1::", "2001:db8:0:1::/64"],
    ["::1", "::/64"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("is the same for every spelling of an address and every neighbour in the /64", () => {
    const find = clientFinder([]);
    const spellings = [
      "2001:db8:0:7::1",
      "2001:DB8:0:7:0:0:0:1",
      "2001:0db8::7:ffff:ffff:ffff:ffff",
      "2001:db8:0:7::2%1",
    ];
    expect(new Set(spellings.map((text) => find(text, []).network))).toEqual(new Set(["2001:db8:0:7::/64"]));
    expect(find("::ffff:192.0.2.7", []).network).toBe(find("192.0.2.7", []).network);
  });
});

describe("the client", () => {
  const find = clientFinder(["10.0.0.0/8", "192.0.2.1", "2001:db8:ffff::/48"]);

  test.each([
    ["the socket's address where nobody is trusted", "203.0.113.9", ["1.1.1.1"], "203.0.113.9"],
    ["the socket's address where the proxy says nothing", "10.1.1.1", [], "10.1.1.1"],
    ["what a trusted proxy says", "10.1.1.1", ["1.1.1.1"], "1.1.1.1"],
    ["what a trusted proxy says that came as IPv6", "::ffff:10.1.1.1", ["1.1.1.1"], "1.1.1.1"],
    ["what a trusted IPv6 proxy says", "2001:db8:ffff::5", ["2001:DB8::1"], "2001:db8::1"],
    ["the nearest hop that is no proxy, not the first", "10.1.1.1", ["9.9.9.9, 1.1.1.1, 10.2.2.2"], "1.1.1.1"],
    ["the same over several headers", "10.1.1.1", ["9.9.9.9, 1.1.1.1", "10.2.2.2"], "1.1.1.1"],
    ["the farthest hop where all are proxies", "10.1.1.1", ["192.0.2.1, 10.2.2.2"], "192.0.2.1"],
    ["a hop with a port", "10.1.1.1", ["1.1.1.1:5123"], "1.1.1.1"],
    ["a hop with brackets and a port", "10.1.1.1", ["[2001:db8::1]:443"], "2001:db8::1"],
    ["a hop whose far left is garbage that strangers wrote", "10.1.1.1", ["' or 1=1, 1.1.1.1"], "1.1.1.1"],
  ])("is %s", (_, peer, forwardedFor, address) => {
    expect(find(peer, forwardedFor)).toMatchObject({ address, unreadable: false });
  });

  test.each([[""], ["unknown"], ["1.1.1.1, nonsense"], ["1.1.1.1,"], ["1.1.1.1:"], ["999.1.1.1"], ["_hidden"]])(
    "is the proxy where it says %j, and that is told",
    (forwardedFor) => {
      expect(find("10.1.1.1", [forwardedFor])).toMatchObject({ address: "10.1.1.1", unreadable: true });
    },
  );

  test("has no address where the socket is gone", () => {
    expect(find("", ["1.1.1.1"])).toMatchObject({ address: "", viaProxy: false });
  });

  test("came by a proxy only where the socket is one's", () => {
    expect(find("10.1.1.1", ["1.1.1.1"]).viaProxy).toBe(true);
    expect(find("203.0.113.9", ["10.1.1.1"]).viaProxy).toBe(false);
  });
});

test.each([
  "",
  "proxy.local",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/8/8",
  "10.0.0.0/-1",
  "2001:db8::/129",
  "10.0.0.0/a",
])("%j is no range", (range) => {
  expect(() => clientFinder([range])).toThrow(expect.objectContaining({ code: "bad_proxy_range" }));
});
