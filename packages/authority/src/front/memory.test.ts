import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { manualClock, type HttpReply } from "@cardea/core";
import { inMemory } from "./memory.js";
import { echo, secret } from "./raw.test.support.js";

const origin = "https://auth.example.com";
const door = inMemory([echo, secret], { origin, clock: manualClock(0), address: "2001:DB8::1", newId: () => "one" });

function send(method: string, url: string, headers: Record<string, string> = {}, body?: string): Promise<HttpReply> {
  const limits = { success: 1000, error: 1000 };
  return door({ method, url, headers, ...(body !== undefined && { body }), route: "", repeat: "never", limits });
}

const json = ({ body }: HttpReply) => JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;

test("a request gets in as it would through a socket", async () => {
  const reply = await send("POST", `${origin}/secret/read/5?a=1`, { "x-a": "1" }, "hello");
  expect(reply.headers["x-request-id"]).toBe("one");
  expect(json(reply)).toEqual({
    id: "one",
    method: "POST",
    path: "/read/5",
    query: { a: "1" },
    headers: { host: "auth.example.com", "content-length": "5", "x-a": "1" },
    repeated: [],
    address: "2001:db8::1",
    network: "2001:db8::/64",
    origin,
    secure: true,
    read: 5,
  });
});

describe("the checks are those of the socket", () => {
  test.each([
    ["GET", `${origin}/nowhere`, 404],
    ["GET", `${origin}//echo`, 404],
    ["GET", `${origin}/echo/../secret`, 404],
    ["GET", `${origin}/echo#x`, 404],
    ["GET", `${origin}`, 404],
    ["GET", `${origin}?a=1`, 404],
    ["GET", `${origin}/echo?a=1&a=2`, 400],
    ["GET", "https://evil.example/echo", 421],
    ["GET", "http://auth.example.com/secret", 421],
    ["GET", "nonsense", 400],
    ["POST", `${origin}/echo/read/4`, 413],
    ["HEAD", `${origin}/echo`, 200],
    ["GET", `${origin}/readyz`, 200],
  ])("%s %s is %i", async (method, url, status) => {
    const reply = await send(method, url, {}, "hello");
    expect(reply.status).toBe(status);
    expect(reply.body.length === 0).toBe(method === "HEAD");
  });
});

test("no target and no header makes it fail, and no path gets in that is not canonical", async () => {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const piece = fc.oneof(
    fc.constantFrom(
      "/",
      "//",
      ".",
      "..",
      "%2e",
      "%2F",
      "%5c",
      "%00",
      "%",
      "?",
      "#",
      "&",
      "=",
      "echo",
      "read",
      "7",
      "a",
    ),
    fc.string({ unit: byte, maxLength: 4 }),
  );
  const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/echo/${pieces.join("")}`);
  const headers = fc.dictionary(
    fc.constantFrom(
      "content-length",
      "content-type",
      "x-forwarded-for",
      "x-request-id",
      "authorization",
      "cookie",
      "__proto__",
    ),
    fc.string({ unit: byte, maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(target, headers, async (path, sent) => {
      const reply = await send("GET", `${origin}${path}`, sent);
      expect([200, 400, 404, 414]).toContain(reply.status);
      if (reply.status === 200)
        expect(String(json(reply)["path"])).not.toMatch(/\/\/|\/\.{1,2}(\/|$)|%2[ef]|%5c|%00|[?#\\]/i);
    }),
    { numRuns: 500 },
  );
});
