import { hostname } from "node:os";
import { expect, test } from "vitest";
import { createHosts } from "./hosts.js";

const own = createHosts(undefined);
const known = createHosts(new URL("https://Auth.Example.com:8443"));
const local = "::ffff:192.0.2.7";

test.each(["localhost", "LOCALHOST:8443", "127.0.0.1", "[::1]:1", "[0:0::1]", "192.0.2.7:8443", hostname()])(
  "%s is ours where no public address is set",
  (host) => {
    expect(own.refuse(host, false, local)).toBeUndefined();
  },
);

test.each(["auth.example.com", "AUTH.example.COM:1", "localhost:8443", "127.0.0.1"])(
  "%s is ours where the public address is auth.example.com",
  (host) => {
    expect(known.refuse(host, false, local)).toBeUndefined();
  },
);

test.each([
  "evil.example",
  "auth.example.com.evil.example",
  "evilauth.example.com",
  "xn--auth-example.com",
  "auth.example.com.",
  "192.0.2.7",
  "127.0.0.1.nip.io",
  "2130706433",
  "[::ffff:192.0.2.7]",
])("%s is not, and the answer names it and what would be right", (host) => {
  const reply = known.refuse(host, false, local);
  expect(reply?.status).toBe(421);
  const body = JSON.parse(String(reply?.body)) as { error: string; expected: string[] };
  expect(body.error).toContain(host.replace(/^\[|\]$/g, ""));
  expect(body.expected).toEqual(["auth.example.com", "localhost", "127.0.0.1", "[::1]"]);
});

test.each([
  "",
  " ",
  "a b",
  "localhost:",
  "localhost:x",
  "localhost:123456",
  "user@localhost",
  "localhost/path",
  "localhost,evil.example",
  "<script>",
  "[::1",
  "::1",
  "caf\u00e9.example",
])("%j is no host, and not repeated", (host) => {
  const reply = known.refuse(host, false, local);
  expect(reply?.status).toBe(400);
  if (host.trim() !== "") expect(reply?.body).not.toContain(host);
});

test("no host, or more than one, is refused", () => {
  expect(own.refuse(undefined, false, local)?.status).toBe(400);
  expect(own.refuse(undefined, true, local)?.status).toBe(400);
});
