import { describe, expect, test } from "vitest";
import { canonicalNames, permits, permittedFor, privateNames } from "./names.js";

describe("the names of a server", () => {
  test("have one spelling each, and none twice", () => {
    const names = {
      names: ["Auth.Example.com", "auth.example.com"],
      addresses: ["2001:DB8:0:0::1", "2001:db8::1", "192.0.2.1"],
    };
    expect(canonicalNames(names)).toEqual({ names: ["auth.example.com"], addresses: ["2001:db8::1", "192.0.2.1"] });
  });

  test.each([
    "",
    "a b",
    "-a",
    "a..b",
    "a.",
    "*.example.com",
    "a,DNS:b",
    "münchen.de",
    "192.0.2.1",
    "1.2.3",
    `${"a".repeat(64)}.b`,
  ])("are not %j", (name) => {
    expect(() => canonicalNames({ names: [name], addresses: [] })).toThrow(
      expect.objectContaining({ code: "tls_name_invalid" }),
    );
  });

  test.each(["", "localhost", "1.2.3", "256.0.0.1", "fe80::1%eth0", "10.0.0.0/8"])("have no address %j", (address) => {
    expect(() => canonicalNames({ names: [], addresses: [address] })).toThrow(
      expect.objectContaining({ code: "tls_name_invalid" }),
    );
  });
});

describe("what is permitted", () => {
  test.each([
    [["localhost", "printer.local", "a.b.internal"], [], true],
    [["example.com"], [], false],
    [["notlocalhost"], [], false],
    [["localhost.example.com"], [], false],
    [[], ["127.0.0.1", "::1", "192.168.7.9", "172.31.0.1", "fd00::7"], true],
    [[], ["172.32.0.1"], false],
    [[], ["192.0.2.1"], false],
    [[], ["2001:db8::1"], false],
    [["localhost"], ["8.8.8.8"], false],
  ])("to a private authority, for the names %j and the addresses %j: %s", (names, addresses, expected) => {
    expect(permits(privateNames, { names, addresses })).toBe(expected);
  });
});

test("an authority may vouch for private names and for what it is made for, each once", () => {
  const permitted = permittedFor({
    names: ["localhost", "auth.example.com"],
    addresses: ["::1", "192.0.2.7", "2001:db8::7"],
  });
  expect(permitted).toEqual({
    names: [...privateNames.names, "auth.example.com"],
    networks: [...privateNames.networks, "192.0.2.7/32", "2001:db8::7/128"],
  });
});
