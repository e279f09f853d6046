import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manualClock } from "@cardea/core";
import type { Log, LogFacts } from "./log.js";
import { echo, exchange, get, plainFront, post, untilClosed, type PlainFront } from "./raw.test.support.js";

let front: PlainFront;
let proxied: PlainFront;

beforeAll(async () => {
  front = await plainFront();
  proxied = await plainFront({ trustedProxies: ["127.0.0.1"], publicUrl: "https://auth.example.com" });
});
afterAll(async () => {
  await Promise.all([front.close(0), proxied.close(0)]);
});

const many = (count: number) => Array.from({ length: count }, (_, at) => `X-${at}: 1`);

describe("a request, and the status of its answer", () => {
  test.each<[string, string, number, string?]>([
    ["is served", get("/echo/x"), 200],
    ["is served at the prefix itself", get("/echo"), 200],
    ["is served with garbage in headers that nobody reads", get("/echo/x", "Cookie: ;;=\x80\xff", "Range: x"), 200],
    ["is served with an Upgrade that is ignored", get("/echo/x", "Connection: Upgrade", "Upgrade: websocket"), 200],
    ["names an unknown prefix", get("/nowhere/x"), 404, "not_found"],
    ["names half a prefix", get("/ech"), 404, "not_found"],
    ["names more than a prefix", get("/echoes/x"), 404, "not_found"],
    ["names the root", get("/"), 404, "not_found"],
    ["has a doubled slash", get("/echo//x"), 404, "not_found"],
    ["has a doubled slash before the prefix", get("//echo/x"), 404, "not_found"],
    ["has a dot segment", get("/echo/../secret/x"), 404, "not_found"],
    ["has an encoded dot segment", get("/echo/%2e%2e/x"), 404, "not_found"],
    ["has an encoded slash", get("/echo%2Fx"), 404, "not_found"],
    ["has a broken escape", get("/echo/%zz"), 404, "not_found"],
    ["has a query after a fragment", get("/echo/x#?a=1"), 404, "not_found"],
    ["has a fragment after a query", get("/echo/x?a=1#b"), 404, "not_found"],
    ["is meant for a proxy", get("http://localhost/echo/x"), 404, "not_found"],
    ["is meant for the server as a whole", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "not_found"],
    ["has a path beyond the limit", get(`/echo/${"a".repeat(3000)}`), 404, "not_found"],
    ["has a query beyond the limit", get(`/echo/x?a=${"a".repeat(8200)}`), 414, "query_too_long"],
    ["repeats a parameter", get("/echo/x?a=1&a=2"), 400, "repeated_parameter"],
    ["repeats a parameter in another spelling", get("/echo/x?a=1&%61=2"), 400, "repeated_parameter"],
    [
      "has too many parameters",
      get(`/echo/x?${many(101).join("&")}`.replaceAll(": ", "=")),
      400,
      "too_many_parameters",
    ],
    ["names another host", "GET /echo/x HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "misdirected_request"],
    ["names no host", "GET /echo/x HTTP/1.1\r\n\r\n", 400, "bad_host"],
    ["names two hosts", get("/echo/x", "Host: localhost"), 400, "bad_host"],
    ["names an empty host", "GET /echo/x HTTP/1.1\r\nHost:\r\n\r\n", 400, "bad_host"],
    ["names a host with a user", "GET /echo/x HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n", 400, "bad_host"],
    ["is old and names no host", "GET /echo/x HTTP/1.0\r\n\r\n", 400, "bad_host"],
    ["is old and names a host", "GET /echo/x HTTP/1.0\r\nHost: localhost\r\n\r\n", 200],
    ["needs TLS", get("/secret/x"), 421, "https_required"],
    ["says itself that it came by TLS", get("/secret/x", "X-Forwarded-Proto: https"), 421, "https_required"],
    ["has as many headers as may be", get("/echo/x", ...many(99)), 200],
    ["has more headers", get("/echo/x", ...many(100)), 431, "too_many_headers"],
    ["has many more headers", get("/echo/x", ...many(500)), 431, "too_many_headers"],
    ["has headers beyond the limit", get("/echo/x", `X-Long: ${"a".repeat(17_000)}`), 431, "headers_too_large"],
    ["asks for a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method_not_allowed"],
    ["expects what nobody does", get("/echo/x", "Expect: the-impossible"), 417, "expectation_failed"],
    ["asks whether the process lives", get("/healthz"), 200],
    ["asks so under any name", "GET /healthz HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n", 200],
    ["asks whether it can be served", get("/readyz"), 200],
    ["posts to a probe", post("/healthz", "x"), 405, "method_not_allowed"],
    ["looks below a probe", get("/healthz/x"), 404, "not_found"],
    ["names a member of every object", get("/constructor"), 404, "not_found"],
  ])("%s", async (_, bytes, status, code) => {
    const [reply] = await exchange(front.port, bytes);
    expect(reply?.status).toBe(status);
    expect(reply?.headers["content-type"]).toBe("application/json");
    const body = JSON.parse(reply?.body ?? "") as { code?: string; error?: string };
    expect(body.code).toBe(code);
    expect(typeof body.error).toBe(code === undefined ? "undefined" : "string");
    if (code !== undefined) expect(reply?.headers["cache-control"]).toBe("no-store");
  });

  test.each<[string, string]>([
    ["length and chunks", post("/echo/read/100", "0\r\n\r\nGET /echo/smuggled", "Transfer-Encoding: chunked")],
    ["chunks and length", get("/echo/x", "Transfer-Encoding: chunked", "Content-Length: 5") + "0\r\n\r\n"],
    ["two lengths", post("/echo/read/100", "x", "Content-Length: 2")],
    ["one length twice", post("/echo/read/100", "x", "Content-Length: 1")],
    ["a list of lengths", get("/echo/x", "Content-Length: 1, 1")],
    ["a signed length", get("/echo/x", "Content-Length: +1")],
    ["a negative length", get("/echo/x", "Content-Length: -1")],
    ["a length in hex", get("/echo/x", "Content-Length: 0x1")],
    ["a length beyond numbers", get("/echo/x", `Content-Length: ${"9".repeat(40)}`)],
    ["another encoding of the body", get("/echo/x", "Transfer-Encoding: xchunked")],
    ["chunks that are not the last encoding", get("/echo/x", "Transfer-Encoding: chunked, identity")],
    ["a blank before the colon", get("/echo/x", "Transfer-Encoding : chunked")],
    ["a folded header", get("/echo/x", "X-Folded: a\r\n b")],
    ["a header without a name", get("/echo/x", ": a")],
    ["a header without a colon", get("/echo/x", "nonsense")],
    ["a NUL in a header", get("/echo/x", "X-A: a\u0000b")],
    ["a bare line feed in a header", get("/echo/x", "X-A: a\nX-B: b")],
    ["a bare carriage return in a header", get("/echo/x", "X-A: a\rX-B: b")],
    ["a chunk size that is no number", get("/echo/read/9", "Transfer-Encoding: chunked") + "zz\r\n"],
    ["a chunk longer than it says", get("/echo/read/9", "Transfer-Encoding: chunked") + "1\r\nab\r\n"],
    ["an unknown method", "BREW /echo/x HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    ["an unknown version", "GET /echo/x HTTP/3.7\r\nHost: localhost\r\n\r\n"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["the beginning of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["noise", "\x00\x01\x02\x03\r\n\r\n"],
  ])("with %s is malformed: one answer, then the connection ends", async (_, bytes) => {
    const replies = await untilClosed(front.port, bytes + get("/echo/second"));
    expect(replies.map(({ status }) => status)).toEqual([400]);
    expect(replies[0]?.headers["connection"]).toBe("close");
    expect(JSON.parse(replies[0]?.body ?? "")).toMatchObject({ code: "bad_request" });
  });

  test("that names an unknown prefix is told which there are", async () => {
    const [reply] = await exchange(front.port, get("/v1/health"));
    expect(JSON.parse(reply?.body ?? "")).toMatchObject({ code: "not_found", expected: ["/echo/", "/secret/"] });
  });

  test("for another host is told which it named, without markup, and which there are", async () => {
    const [reply] = await exchange(front.port, "GET /echo HTTP/1.1\r\nHost: evil.example:81\r\n\r\n");
    const body = JSON.parse(reply?.body ?? "") as { error: string; expected: string[] };
    expect(body.error).toContain("evil.example");
    expect(body.expected).toContain("localhost");
  });
});

describe("what a mount gets", () => {
  async function seen(port: number, bytes: string): Promise<Record<string, unknown>> {
    const [reply] = await exchange(port, bytes);
    expect(reply?.status).toBe(200);
    return JSON.parse(reply?.body ?? "") as Record<string, unknown>;
  }

  test("the path behind the prefix as it was sent, and the decoded query", async () => {
    expect(await seen(front.port, get("/echo/a%20b/?x=%20y"))).toMatchObject({ path: "/a%20b/", query: { x: " y" } });
    expect(await seen(front.port, get("/echo?x=1"))).toMatchObject({ path: "/", query: { x: "1" } });
  });

  test("no header that came twice, but its name", async () => {
    const found = await seen(front.port, get("/echo", "Authorization: Bearer a", "authorization: Bearer b", "X-A: 1"));
    expect(found["repeated"]).toEqual(["authorization"]);
    expect(found["headers"]).toEqual({ host: "localhost", "x-a": "1" });
  });

  test("the socket's address and the listener's own, whatever a stranger's headers say", async () => {
    const forged = ["X-Forwarded-For: 9.9.9.9", "X-Real-IP: 9.9.9.9", "Forwarded: for=9.9.9.9", "X-Request-Id: mine"];
    const found = await seen(front.port, get("/echo", ...forged, "X-Forwarded-Host: evil.example"));
    expect(found).toMatchObject({ address: "127.0.0.1", network: "127.0.0.1", secure: false });
    expect(found["origin"]).toBe(`http://localhost:${front.port}`);
    expect(found["id"]).toMatch(/^[0-9a-f]{8}-/);
  });

  test("what a trusted proxy says, and the public address", async () => {
    const forwarded = ["X-Forwarded-For: 9.9.9.9, 2001:DB8:1:2::3", "X-Forwarded-Proto: https", "X-Request-Id: req-7"];
    expect(await seen(proxied.port, get("/secret", ...forwarded))).toMatchObject({
      id: "req-7",
      address: "2001:db8:1:2::3",
      network: "2001:db8:1:2::/64",
      secure: true,
      origin: "https://auth.example.com",
    });
  });

  test.each(["a b", "x".repeat(65), "", "<script>", "\xe9"])(
    "no request id such as %j, even from a proxy",
    async (id) => {
      const found = await seen(proxied.port, get("/echo", `X-Request-Id: ${id}`));
      expect(found["id"]).toMatch(/^[0-9a-f]{8}-/);
    },
  );

  test("a forwarded address that cannot be read is no way around: the proxy's own counts", async () => {
    expect(await seen(proxied.port, get("/echo", "X-Forwarded-For: nobody"))).toMatchObject({ address: "127.0.0.1" });
  });
});

describe("a mount that fails", () => {
  test.each([
    ["throws", () => Promise.reject(new Error("hunter2"))],
    [
      "answers with a header that cannot be sent",
      () => Promise.resolve({ status: 200, headers: { "x-a": "a\r\nb: c" }, body: "" }),
    ],
    ["answers with a status that there is not", () => Promise.resolve({ status: 7, headers: {}, body: "" })],
  ])("because it %s harms one request only", async (what, handle) => {
    const events: [string, LogFacts | undefined][] = [];
    const write = (event: string, facts?: LogFacts) => void events.push([event, facts]);
    const log: Log = { info: write, warn: write, error: write };
    const broken = await plainFront({ mounts: [{ ...echo, handle }], log });
    const replies = await untilClosed(broken.port, get("/echo/x", "Connection: close"));
    expect(replies.map(({ status }) => status)).toEqual(what === "throws" ? [500] : []);
    expect(JSON.stringify([events, replies])).not.toContain("hunter2");
    expect(events).toHaveLength(1);
    expect((await exchange(broken.port, get("/healthz")))[0]?.status).toBe(200);
    await broken.close(0);
  });
});

describe("the log", () => {
  test("has a line for each request where that is wished, and nothing of what the client sent", async () => {
    const events: [string, LogFacts | undefined][] = [];
    const write = (event: string, facts?: LogFacts) => void events.push([event, facts]);
    const chatty = await plainFront({ log: { info: write, warn: write, error: write }, logRequests: true });
    await exchange(chatty.port, get("/echo/hunter2?q=hunter2", "Authorization: Bearer hunter2"));
    expect(events).toEqual([
      [
        "request",
        {
          id: expect.any(String),
          method: "GET",
          mount: "echo",
          status: 200,
          ms: expect.any(Number),
          address: "127.0.0.1",
        },
      ],
    ]);
    await chatty.close(0);
  });
});

describe("readiness", () => {
  test.each([
    ["waits for storage", () => Promise.resolve({ ok: false, waitingFor: "storage" }), "storage"],
    ["cannot reach it", () => Promise.reject(new Error("hunter2")), "storage"],
    ["waits for something", () => Promise.resolve({ ok: false }), undefined],
  ])("is denied while the authority %s, and life is not", async (_, ready, waitingFor) => {
    const starting = await plainFront({ ready });
    const [lives, serves] = await exchange(starting.port, get("/healthz") + get("/readyz"), 2);
    expect(lives?.status).toBe(200);
    expect(serves?.status).toBe(503);
    expect(serves?.headers["retry-after"]).toBe("1");
    expect(JSON.parse(serves?.body ?? "")).toEqual({
      status: "not_ready",
      ...(waitingFor && { waiting_for: waitingFor }),
    });
    await starting.close(0);
  });

  test("is denied where the storage does not answer", async () => {
    const clock = manualClock(0);
    let asked = () => undefined as void;
    const asking = new Promise<void>((resolve) => (asked = resolve));
    const hanging = await plainFront({ clock, ready: () => (asked(), new Promise(() => undefined)) });
    const replies = exchange(hanging.port, get("/readyz"));
    await asking;
    clock.advance(5_000);
    expect((await replies)[0]?.status).toBe(503);
    await hanging.close(0);
  });
});
