import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manualClock } from "@cardea/core";
import { collect, echo, exchange, get, plainFront, post, untilClosed, type PlainFront } from "./raw.test.support.js";

let front: PlainFront;

beforeAll(async () => {
  front = await plainFront();
});
afterAll(() => front.close(0));

describe("a connection", () => {
  test("carries many requests, also sent at once, answered in their order", async () => {
    const replies = await exchange(front.port, get("/echo/1") + get("/nowhere") + get("/echo/3") + get("/healthz"), 4);
    expect(replies.map(({ status }) => status)).toEqual([200, 404, 200, 200]);
    expect(new Set(replies.map(({ headers }) => headers["x-request-id"])).size).toBe(4);
  });

  test("answers HEAD like GET, without the body", async () => {
    const head = get("/echo/x").replace("GET", "HEAD");
    const [reply, next] = await exchange(front.port, [head, get("/healthz")], 2);
    expect(reply).toMatchObject({ status: 200, body: "" });
    expect(Number(reply?.headers["content-length"])).toBeGreaterThan(0);
    expect(next?.status).toBe(200);
  });

  test("goes on after a short body that nobody read", async () => {
    const replies = await exchange(front.port, post("/echo/ignored", "x".repeat(1000)) + get("/echo/2"), 2);
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("goes on after a body that was too large, where the rest of it is short", async () => {
    const replies = await exchange(front.port, post("/echo/read/10", "x".repeat(11)) + get("/echo/2"), 2);
    expect(replies.map(({ status }) => status)).toEqual([413, 200]);
  });

  test.each([
    ["announced", post("/echo/read/10", "x".repeat(200_000))],
    ["in chunks", `${get("/echo/read/10", "Transfer-Encoding: chunked")}30d40\r\n${"x".repeat(200_000)}\r\n0\r\n\r\n`],
    ["unread", post("/echo/ignored", "x".repeat(2_000_000))],
  ])("ends after a long body (%s), and the client still sees the answer", async (_, bytes) => {
    const replies = await untilClosed(front.port, bytes + get("/echo/2"));
    expect(replies.map(({ headers }) => headers["connection"])).toEqual(["close"]);
    expect(replies[0]?.status).toBe(bytes.includes("ignored") ? 200 : 413);
  });

  test("that writes all before it reads sees the answer too", async () => {
    const body = "x".repeat(16_000_000);
    const patient = await plainFront({ limits: { lingerBytes: body.length } });
    const socket = connect(patient.port, "127.0.0.1").pause();
    await new Promise((resolve) => socket.on("error", resolve).write(post("/echo/read/10", body), resolve));
    expect((await collect(socket.resume(), [], Infinity)).map(({ status }) => status)).toEqual([413]);
    await patient.close(0);
  });

  test("reads a body up to its limit, in chunks or not", async () => {
    const chunked = `${get("/echo/read/10", "Transfer-Encoding: chunked")}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`;
    const replies = await exchange(front.port, post("/echo/read/10", "0123456789") + chunked + get("/echo/read/9"), 3);
    expect(replies.map(({ body }) => (JSON.parse(body) as { read: number }).read)).toEqual([10, 10, 0]);
  });

  test("tells a client that waits to go on only when its body is wanted", async () => {
    const waiting = (path: string, length: number) =>
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    const wanted = await exchange(front.port, [waiting("/echo/read/10", 5), "hello"]);
    expect(wanted.map(({ status }) => status)).toEqual([100, 200]);
    for (const path of ["/echo/read/10", "/nowhere"]) {
      const refused = await untilClosed(front.port, waiting(path, 1_000_000));
      expect(refused.map(({ status }) => status)).toEqual([path === "/nowhere" ? 404 : 413]);
    }
  });

  test("whose second request is malformed loses no answer to the first, and mixes none up", async () => {
    let answer = () => undefined as void;
    const waits = new Promise<void>((resolve) => (answer = resolve));
    const slow = { ...echo, handle: async () => (await waits, { status: 200, headers: {}, body: "first" }) };
    const held = await plainFront({ mounts: [slow] });
    const replies = await untilClosed(held.port, `${get("/echo/1")}nonsense\r\n\r\n`);
    expect(replies).toEqual([]);
    answer();
    await held.close(0);
  });

  test("that is too slow with its headers is told so and ends", async () => {
    const hasty = await plainFront({ limits: { headersMs: 80, requestMs: 100 } });
    for (const bytes of [
      "GET /echo HTTP/1.1\r\nHost: loc",
      "POST /echo/read/9 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
    ]) {
      const replies = await untilClosed(hasty.port, bytes);
      expect(replies.map(({ status }) => status)).toEqual([408]);
    }
    await hasty.close(0);
  });

  test("that is too slow with its body is told so and ends", async () => {
    const clock = manualClock(0);
    let waitsFor = () => undefined as void;
    const reading = new Promise<void>((resolve) => (waitsFor = resolve));
    const watched = {
      ...echo,
      handle: (request: Parameters<typeof echo.handle>[0]) => (waitsFor(), echo.handle(request)),
    };
    const patient = await plainFront({ mounts: [watched], clock, limits: { bodyMs: 5_000 } });
    const replies = untilClosed(patient.port, post("/echo/read/9", "abc").replace(": 3", ": 9"));
    await reading;
    clock.advance(5_000);
    expect((await replies).map(({ status, headers }) => [status, headers["connection"]])).toEqual([[408, "close"]]);
    await patient.close(0);
  });

  test("that goes away in the middle of anything concerns nobody else", async () => {
    for (const bytes of ["", "GET", get("/echo/x"), post("/echo/read/9", "abc").replace(": 3", ": 9")]) {
      const socket = connect(front.port, "127.0.0.1");
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      socket.resetAndDestroy();
    }
    expect((await exchange(front.port, get("/healthz")))[0]?.status).toBe(200);
  });

  test("is one of a limited number", async () => {
    const small = await plainFront({ limits: { connections: 1 } });
    const first = connect(small.port, "127.0.0.1");
    await new Promise((resolve) => first.once("connect", resolve));
    first.write(get("/healthz"));
    await new Promise((resolve) => first.once("data", resolve));
    expect(await untilClosed(small.port, get("/healthz"))).toEqual([]);
    first.destroy();
    await small.close(0);
  });
});
