import { connect, createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manualClock } from "@cardea/core";
import {
  certificate,
  collect,
  echo,
  exchange,
  get,
  plainFront,
  secureSocket,
  untilClosed,
} from "./raw.test.support.js";
import type { Front } from "./server.js";

describe("TLS", () => {
  let pair: ReturnType<typeof certificate>;
  let secure: Front;
  let port: number;

  beforeAll(async () => {
    pair = certificate();
    secure = await plainFront({
      listeners: [
        { kind: "https", host: "127.0.0.1", port: 0, ...pair },
        { kind: "http", host: "127.0.0.1", port: 0 },
      ],
      limits: { handshakeMs: 100 },
    });
    port = secure.addresses[0]?.port ?? 0;
  });
  afterAll(() => secure.close(0));

  test.each(["TLSv1.2", "TLSv1.3"])("is spoken in %s", async (version) => {
    const socket = await secureSocket(port, pair.ca, { minVersion: version, maxVersion: version });
    socket.write(get("/secret/x"));
    const [reply] = await collect(socket, [], 1);
    expect(JSON.parse(reply?.body ?? "")).toMatchObject({ secure: true, origin: `https://localhost:${port}` });
  });

  test.each(["TLSv1", "TLSv1.1"])("is not spoken in %s", async (version) => {
    const options = { minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" };
    await expect(secureSocket(port, pair.ca, options)).rejects.toThrow();
  });

  test("tells who comes without it where to go", async () => {
    const plain = secure.addresses[1]?.port ?? 0;
    const [reply] = await exchange(plain, get("/secret/x"));
    expect(reply?.status).toBe(421);
    expect(JSON.parse(reply?.body ?? "")).toMatchObject({ expected: [`https://localhost:${port}/secret`] });
  });

  test.each([get("/healthz"), "\x16\x03\x01\xff\xff", "\x00", "\x16"])(
    "ends a connection that does not speak it (%j)",
    async (bytes) => {
      expect(await untilClosed(port, bytes)).toEqual([]);
      const socket = await secureSocket(port, pair.ca);
      socket.write(get("/healthz"));
      expect((await collect(socket, [], 1))[0]?.status).toBe(200);
    },
  );

  test.each([
    ["cert", { cert: "nonsense" }],
    ["key", { key: "nonsense" }],
  ])("does not start with a broken %s", async (_, broken) => {
    const listener = { kind: "https" as const, host: "127.0.0.1", port: 0, ...pair, ...broken };
    await expect(plainFront({ listeners: [listener] })).rejects.toMatchObject({ code: "bad_certificate" });
  });
});

describe("opening", () => {
  const at = (host: string, port: number) => plainFront({ listeners: [{ kind: "http", host, port }] });

  test("a port in use is named, and what was opened before is closed again", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port: taken } = other.address() as AddressInfo;
    const [free] = (await at("127.0.0.1", 0).then(async (first) => (await first.close(0), first.addresses))) ?? [];
    const listeners = [free?.port ?? 0, taken].map((port) => ({ kind: "http" as const, host: "127.0.0.1", port }));
    const opening = plainFront({ listeners });
    await expect(opening).rejects.toMatchObject({ code: "port_in_use", message: expect.stringContaining(`${taken}`) });
    other.close();
    await (await at("127.0.0.1", free?.port ?? 0)).close(0);
  });

  test.each([
    ["192.0.2.7", "plain_http_refused"],
    ["0.0.0.0", "plain_http_refused"],
    ["127.0.0.1.example", "plain_http_refused"],
  ])("plain HTTP on %s is refused", async (host, code) => {
    await expect(at(host, 0)).rejects.toMatchObject({ code });
  });

  test("an address that this machine does not have is named", async () => {
    const listener = { kind: "https" as const, host: "192.0.2.7", port: 0, ...certificate() };
    await expect(plainFront({ listeners: [listener] })).rejects.toMatchObject({
      code: "address_unavailable",
      message: expect.stringContaining("192.0.2.7"),
    });
  });

  test.each(["nonsense", "ftp://a", "https://a/b", "https://a?b", "https://u@a", "https://a#b", "//a"])(
    "%s is no public address",
    async (publicUrl) => {
      await expect(plainFront({ publicUrl })).rejects.toMatchObject({ code: "bad_public_url" });
    },
  );
});

describe("closing", () => {
  test("lets requests under way finish, and ends idle connections at once", async () => {
    let answer = () => undefined as void;
    let arrived = () => undefined as void;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const underWay = new Promise<void>((resolve) => (arrived = resolve));
    const slow = {
      ...echo,
      handle: async () => (arrived(), await answered, { status: 200, headers: {}, body: "done" }),
    };
    const closing = await plainFront({ mounts: [slow] });
    const silent = untilClosed(closing.port, "");
    const idle = untilClosed(closing.port, get("/healthz"));
    const busy = untilClosed(closing.port, get("/echo"));
    await underWay;
    const closed = closing.close(60_000);
    expect(await silent).toEqual([]);
    expect((await idle).map(({ status }) => status)).toEqual([200]);
    await expect(exchange(closing.port, get("/healthz"))).resolves.toEqual([]);
    answer();
    expect((await busy).map(({ body, headers }) => [body, headers["connection"]])).toEqual([["done", "close"]]);
    await closed;
    // Twice is as good as once.
    await closing.close(0);
  });

  test("ends after the grace what does not finish by itself", async () => {
    const clock = manualClock(0);
    let arrived = () => undefined as void;
    const underWay = new Promise<void>((resolve) => (arrived = resolve));
    const stuck = { ...echo, handle: () => (arrived(), new Promise<never>(() => undefined)) };
    const closing = await plainFront({ mounts: [stuck], clock });
    const busy = untilClosed(closing.port, get("/echo"));
    await underWay;
    const closed = closing.close(5_000);
    clock.advance(5_000);
    expect(await busy).toEqual([]);
    await closed;
  });

  test("ends after the grace a TLS handshake that stands still", async () => {
    const clock = manualClock(0);
    const listener = { kind: "https" as const, host: "127.0.0.1", port: 0, ...certificate() };
    const closing = await plainFront({ listeners: [listener], clock });
    const socket = connect(closing.port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const ended = collect(socket, [], 1);
    const closed = closing.close(1_000);
    clock.advance(1_000);
    expect(await ended).toEqual([]);
    await closed;
  });
});
