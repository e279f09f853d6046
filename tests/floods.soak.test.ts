import { execFileSync } from "node:child_process";
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { passwords, usualHouse } from "./mcias/house.js";
import { ask, knock, readReplies, received, request } from "./raw-exchange.js";
import { serveHouse, type ServedHouse } from "./served.js";

/** The connections that one listener takes. */
const cap = 10_000;
const mebibyte = 1024 * 1024;

function login(house: ServedHouse) {
  return ask(house, request("POST", "/mcias/v1/auth/login", [], { username: "root", password: passwords.root }));
}

/** Few at a time: what is tried here is how many can stay, not how many can come at once. */
async function crowd(house: ServedHouse, count: number): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => knock(house));
    sockets.push(...(await Promise.all(some)));
    // Idle connections are let go after a minute: a request now and then keeps them.
    for (const socket of sockets.length % 2_000 === 0 ? sockets : []) {
      socket.write(request("GET", "/healthz"));
      socket.resume();
    }
  }
  return sockets;
}

test("ten thousand idle connections are held, the next is not, and everything is served before and after", async () => {
  const files = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim());
  expect(files, "raise the limit of open files: ulimit -n 20000").toBeGreaterThan(cap + 200);
  await using house = await serveHouse(usualHouse());
  const before = await house.memory();

  const sockets = await crowd(house, cap - 50);
  expect((await login(house))?.status).toBe(200);
  expect((await ask(house, request("GET", "/readyz")))?.status).toBe(200);
  expect((await house.memory()) - before, "64 KiB a connection").toBeLessThan(cap * 64 * 1024 + 100 * mebibyte);

  const more = await Promise.allSettled(Array.from({ length: 100 }, () => knock(house)));
  expect(
    more.some(({ status }) => status === "rejected"),
    "beyond the cap nobody is let in",
  ).toBe(true);

  for (const socket of sockets) socket.destroy();
  for (const one of more) if (one.status === "fulfilled") one.value.destroy();
  let reply = await login(house).catch(() => undefined);
  while (reply === undefined) reply = await login(house).catch(() => undefined);
  expect(reply.status).toBe(200);
  expect(house.isAlive()).toBe(true);
  expect(house.faults()).toEqual([]);
});

test("whoever is too slow with headers or a body is told so, and the connection ends", async () => {
  await using house = await serveHouse(usualHouse());
  const beginnings = [
    "GET /mcias/v1/health HTTP/1.1\r\nHost: local",
    'POST /mcias/v1/token/validate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"token":',
  ];
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      const socket = await knock(house);
      socket.write(beginnings[at % 2] ?? "");
      // A byte now and then is no excuse.
      const drip = setInterval(() => socket.write("x"), 1_000);
      const text = await received(socket, () => false);
      clearInterval(drip);
      return readReplies(text);
    }),
  );
  for (const { replies, problem, rest } of answers) {
    expect([problem, rest]).toEqual([undefined, ""]);
    expect(replies.map(({ status }) => status)).toEqual([408]);
  }
  expect((await login(house))?.status).toBe(200);
  expect(house.faults()).toEqual([]);
});
