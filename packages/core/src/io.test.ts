import { describe, expect, test } from "vitest";
import { manualClock } from "./clock.js";
import { TransportError } from "./errors.js";
import type { HttpReply, HttpRequest, Repeat } from "./http.js";
import { createIo, type IoOptions, type TraceEvent, type Transport } from "./io.js";

const request = (repeat: Repeat = "never"): HttpRequest => ({
  method: "GET",
  url: "https://host.test/v1/things/id-of-a-thing",
  headers: { authorization: "Bearer token-of-a-test" },
  route: "GET /v1/things/{id}",
  repeat,
  limits: { success: 100, error: 100 },
});

const reply = (status = 200, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers,
  body: new Uint8Array(),
});

const reset = () => new TransportError("reset", { code: "connection_failed" });
const unsent = () => new TransportError("refused", { code: "connection_failed", unsent: true });

/** Gives each of these in turn, and the last one again and again. */
function inTurn(...results: readonly (HttpReply | Error)[]): Transport & { readonly calls: () => number } {
  let calls = 0;
  const transport: Transport = async () => {
    const result = results[Math.min(calls, results.length - 1)] ?? reply();
    calls += 1;
    if (result instanceof Error) throw result;
    return result;
  };
  return Object.assign(transport, { calls: () => calls });
}

/** Lets everything run that waits for nothing. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A port on a clock of its own. `rolling` lets time pass until the promise settles. */
function setUp(options: Partial<IoOptions> & Pick<IoOptions, "transport">) {
  const clock = manualClock(Date.UTC(2030, 0, 1));
  const events: TraceEvent[] = [];
  const io = createIo({ clock, trace: (event) => events.push(event), random: halves, ...options });
  const rolling = async <T>(work: Promise<T>): Promise<T> => {
    let open = true;
    const ended = () => (open = false);
    work.then(ended, ended);
    for (await settled(); open; await settled()) clock.advance(10);
    return work;
  };
  return { clock, io, events, rolling };
}

/** The middle between nothing and one. */
const halves = (count: number) => new Uint8Array(count).fill(0).fill(128, 0, 1);

const never: Transport = () => new Promise(() => undefined);

describe("a call", () => {
  test("gives the reply of the transport", async () => {
    const { io } = setUp({ transport: inTurn(reply(204)) });
    expect(await io.call(request())).toEqual(reply(204));
  });

  test("ends when its time is over, with all its attempts", async () => {
    const { io, clock } = setUp({ transport: never, timeoutMs: 500 });
    const call = io.call(request());
    const result = expect(call).rejects.toMatchObject({ name: "TransportError", code: "timeout", retryable: true });
    clock.advance(499);
    await settled();
    clock.advance(1);
    await result;
  });

  test("has thirty seconds where nothing else is said", async () => {
    const { io, clock, events } = setUp({ transport: never });
    const result = expect(io.call(request())).rejects.toMatchObject({ code: "timeout" });
    clock.advance(29_999);
    await settled();
    expect(events).toEqual([]);
    clock.advance(1);
    await result;
  });

  test("leaves no timer behind", async () => {
    const timers = new Set<object>();
    const clock = manualClock(0);
    const counting = {
      ...clock,
      after: (ms: number, wake: () => void) => {
        const timer = {};
        timers.add(timer);
        const cancel = clock.after(ms, wake);
        return () => {
          timers.delete(timer);
          cancel();
        };
      },
    };
    const io = createIo({ clock: counting, transport: inTurn(reply()) });
    await io.call(request());
    await expect(createIo({ clock: counting, transport: inTurn(reset()) }).call(request())).rejects.toThrow();
    expect(timers.size).toBe(0);
  });

  test.each([301, 302, 307, 308])("refuses a redirect (%i) that a transport lets through", async (status) => {
    const { io } = setUp({ transport: inTurn(reply(status, { location: "https://elsewhere.test/" })) });
    await expect(io.call(request("safe"))).rejects.toMatchObject({ code: "redirected", status, retryable: false });
  });

  test("takes a 304, and a 3xx that leads nowhere, for what it is", async () => {
    const { io } = setUp({ transport: inTurn(reply(304)) });
    expect((await io.call(request())).status).toBe(304);
  });

  test("passes a fault of the transport's own code as it is", async () => {
    const fault = new RangeError("a mistake");
    const { io } = setUp({ transport: inTurn(fault) });
    await expect(io.call(request("safe"))).rejects.toBe(fault);
  });
});

describe("an abort", () => {
  test("ends a call, and its reason stays with the caller", async () => {
    const controller = new AbortController();
    const { io } = setUp({ transport: never, signal: controller.signal });
    const error = io.call(request()).catch((thrown: unknown) => thrown as TransportError);
    controller.abort(new Error("reason-with-a-secret"));
    const { code, message, cause } = (await error) as TransportError;
    expect([code, message, cause]).toEqual(["aborted", "GET /v1/things/{id}: aborted by the caller", undefined]);
  });

  test("before the call keeps the request from being sent", async () => {
    const transport = inTurn(reply());
    const { io } = setUp({ transport, signal: AbortSignal.abort() });
    await expect(io.call(request())).rejects.toMatchObject({ code: "aborted" });
    expect(transport.calls()).toBe(0);
  });

  test("reaches the transport as a signal", async () => {
    let seen: AbortSignal | undefined;
    const controller = new AbortController();
    const { io } = setUp({
      signal: controller.signal,
      transport: (_, signal) => {
        seen = signal;
        return never(request(), signal);
      },
    });
    const result = expect(io.call(request())).rejects.toThrow();
    expect(seen?.aborted).toBe(false);
    controller.abort("reason-with-a-secret");
    await result;
    expect(seen?.aborted).toBe(true);
    expect(String(seen?.reason)).not.toContain("secret");
  });

  test("makes nothing of an answer or a failure that comes later", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", note);
    for (const late of ["resolves", "rejects"]) {
      let settle = () => undefined as void;
      const controller = new AbortController();
      const { io } = setUp({
        signal: controller.signal,
        transport: () =>
          new Promise((resolve, reject) => {
            settle = () => (late === "resolves" ? resolve(reply()) : reject(new Error("late")));
          }),
      });
      const result = expect(io.call(request())).rejects.toMatchObject({ code: "aborted" });
      controller.abort();
      await result;
      settle();
      await settled();
    }
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  test("ends a sleep, which otherwise lasts as long as it was told to", async () => {
    const controller = new AbortController();
    const { io, clock } = setUp({ transport: never, signal: controller.signal });
    const slept: string[] = [];
    const first = io.sleep(100).then(() => slept.push("first"));
    const second = expect(io.sleep(200)).rejects.toMatchObject({ code: "aborted" });
    clock.advance(99);
    await settled();
    expect(slept).toEqual([]);
    clock.advance(1);
    await first;
    controller.abort();
    await second;
    await expect(io.sleep(0)).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("a port until a signal", () => {
  test("ends with that signal and with the port it stems from, and ends nothing else", async () => {
    for (const which of [0, 1, 2]) {
      const ends = [new AbortController(), new AbortController(), new AbortController()] as const;
      const root = setUp({ transport: never, signal: ends[0].signal }).io;
      const child = root.until(ends[1].signal);
      const grandchild = child.until(ends[2].signal);
      const calls = [root, child, grandchild].map((io) => io.call(request()).catch(() => "ended"));
      ends[which]?.abort();
      const now = Promise.resolve("goes on");
      await settled();
      const states = await Promise.all(calls.map((call) => Promise.race([call, now])));
      expect(states).toEqual(states.map((_, index) => (index >= which ? "ended" : "goes on")));
      expect([root, child, grandchild].map((io) => io.signal.aborted)).toEqual(
        states.map((state) => state === "ended"),
      );
    }
  });

  test("has a signal that fires later, also when it is all that is held", () => {
    const controller = new AbortController();
    const { signal } = setUp({ transport: never }).io.until(controller.signal);
    expect(signal.aborted).toBe(false);
    controller.abort();
    expect(signal.aborted).toBe(true);
  });

  test("puts one listener on a signal, however many calls wait, and takes it away with the last", async () => {
    const controller = new AbortController();
    const counts = { added: 0, removed: 0 };
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      counts.added += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      counts.removed += 1;
      remove(...args);
    };
    const answers: (() => void)[] = [];
    const { io } = setUp({ transport: () => new Promise((resolve) => answers.push(() => resolve(reply()))) });
    const calls = Array.from({ length: 50 }, () => io.until(signal).call(request()));
    expect(counts).toEqual({ added: 1, removed: 0 });
    for (const answer of answers) answer();
    await Promise.all(calls);
    await settled();
    expect(counts).toEqual({ added: 1, removed: 1 });
  });
});

describe("a retry", () => {
  const failures: readonly [string, () => HttpReply | Error, Record<Repeat, number>][] = [
    ["a broken connection", reset, { never: 1, unsent: 1, safe: 2 }],
    ["a refused connection", unsent, { never: 1, unsent: 2, safe: 2 }],
    ["a failed handshake", () => new TransportError("", { code: "tls_failed" }), { never: 1, unsent: 1, safe: 1 }],
    [
      "a break in the middle of the answer",
      () => new TransportError("", { code: "connection_failed", status: 200 }),
      { never: 1, unsent: 1, safe: 1 },
    ],
    [
      "an answer that is not HTTP",
      () => new TransportError("", { code: "connection_failed", retryable: false }),
      { never: 1, unsent: 1, safe: 1 },
    ],
    ["a status that is not listed", () => reply(500), { never: 1, unsent: 1, safe: 1 }],
    ["a listed status", () => reply(503), { never: 1, unsent: 1, safe: 2 }],
  ];
  const rows = failures.flatMap(([name, result, times]) =>
    Object.entries(times).map(([repeat, sent]) => [name, repeat as Repeat, sent, result] as const),
  );

  test.each(rows)("after %s, of a request that may be repeated %s: it is sent %i times", async (...row) => {
    const [, repeat, sent, result] = row;
    const transport = inTurn(result());
    const { io, rolling } = setUp({ transport, retry: { statuses: [503] } });
    await rolling(io.call(request(repeat)).catch(() => undefined));
    expect(transport.calls()).toBe(sent);
  });

  test("gives the first answer that is one", async () => {
    const { io, rolling } = setUp({ transport: inTurn(reset(), reset(), reply(204)), retry: { attempts: 3 } });
    expect((await rolling(io.call(request("safe")))).status).toBe(204);
  });

  test("gives the last failure, or the last reply, when no attempt is left", async () => {
    const failing = setUp({ transport: inTurn(reset(), unsent()) });
    await expect(failing.rolling(failing.io.call(request("safe")))).rejects.toMatchObject({ message: "refused" });
    const busy = setUp({ transport: inTurn(reply(503), reply(429)), retry: { statuses: [503, 429] } });
    expect((await busy.rolling(busy.io.call(request("safe")))).status).toBe(429);
  });

  test("waits at random, within a bound that doubles up to its cap", async () => {
    const { io, events, rolling } = setUp({
      transport: inTurn(reset()),
      retry: { attempts: 6, baseMs: 100, capMs: 500 },
    });
    await rolling(io.call(request("safe")).catch(() => undefined));
    const waits = events.flatMap((event) => (event.type === "retry" ? [event.delayMs] : []));
    expect(waits).toEqual([50, 100, 200, 250, 250]);
  });

  test.each([
    ["2", 2_000],
    ["Tue, 01 Jan 2030 00:00:03 GMT", 3_000],
    ["nonsense", 50],
  ])("waits as long as Retry-After %j asks: %i ms", async (value, ms) => {
    const transport = inTurn(reply(503, { "retry-after": value }), reply());
    const { io, events, rolling } = setUp({ transport, retry: { statuses: [503] } });
    await rolling(io.call(request("safe")));
    expect(events).toContainEqual(expect.objectContaining({ type: "retry", delayMs: ms }));
  });

  test("is left to the caller where the server asks for more than the cap, or than there is time", async () => {
    for (const options of [{ retry: { statuses: [503] } }, { timeoutMs: 3_000, retry: { statuses: [503] } }]) {
      const transport = inTurn(reply(503, { "retry-after": options.timeoutMs === undefined ? "6" : "4" }));
      const { io } = setUp({ transport, ...options });
      expect((await io.call(request("safe"))).status).toBe(503);
      expect(transport.calls()).toBe(1);
    }
  });

  test("does not multiply an outage: the budget is one for all calls, and useful answers fill it again", async () => {
    let answer: HttpReply | undefined;
    let calls = 0;
    const transport: Transport = async () => {
      calls += 1;
      if (answer === undefined) throw reset();
      return answer;
    };
    const { io, rolling } = setUp({ transport, retry: { budget: 3, earned: 0.5 } });
    const callOften = async (times: number) => {
      calls = 0;
      for (let time = 0; time < times; time += 1) {
        await rolling(
          io
            .until(new AbortController().signal)
            .call(request("safe"))
            .catch(() => undefined),
        );
      }
      return calls;
    };
    /** What is sent for so many calls, first of a server that answers so, then of one that is not there. */
    const phase = async (times: number, status: number) => {
      answer = reply(status);
      const sent = await callOften(times);
      answer = undefined;
      return [sent, await callOften(20)];
    };
    expect(await callOften(20)).toBe(23);
    expect(await phase(2, 200)).toEqual([2, 21]);
    expect(await phase(100, 500)).toEqual([100, 20]);
    expect(await phase(100, 404)).toEqual([100, 23]);
  });

  test("stops when the caller gives up while it waits", async () => {
    const transport = inTurn(reset());
    const controller = new AbortController();
    const { io } = setUp({ transport, signal: controller.signal });
    const result = expect(io.call(request("safe"))).rejects.toMatchObject({ code: "aborted" });
    await settled();
    controller.abort();
    await result;
    expect(transport.calls()).toBe(1);
  });
});

describe("the trace", () => {
  test("tells of every attempt and every wait, and shows neither address nor credential", async () => {
    const { io, events, rolling } = setUp({ transport: inTurn(reset(), reply(204)) });
    await rolling(io.call(request("safe")));
    expect(events).toEqual([
      { type: "call", route: "GET /v1/things/{id}", attempt: 1, durationMs: 0, code: "connection_failed" },
      { type: "retry", route: "GET /v1/things/{id}", attempt: 2, delayMs: 50 },
      { type: "call", route: "GET /v1/things/{id}", attempt: 2, durationMs: 0, status: 204 },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/token-of-a-test|id-of-a-thing/);
  });

  test("tells how long an attempt took that ran into the end of its time", async () => {
    const { io, clock, events } = setUp({ transport: never, timeoutMs: 700 });
    const result = expect(io.call(request())).rejects.toThrow();
    clock.advance(700);
    await result;
    expect(events).toEqual([expect.objectContaining({ durationMs: 700, code: "timeout" })]);
  });

  test("fails no call by what it throws", async () => {
    const { io } = setUp({
      transport: inTurn(reply()),
      trace: () => {
        throw new Error("the log is full");
      },
    });
    expect((await io.call(request())).status).toBe(200);
  });
});

test("random bytes come from the runtime where nobody gives others", () => {
  const io = createIo({ transport: never, clock: manualClock(0) });
  expect(io.random(32)).toHaveLength(32);
  expect(io.random(32)).not.toEqual(io.random(32));
});

test("work outside gives what it gives", async () => {
  const { io } = setUp({ transport: never });
  expect(await io.outside(async () => 7)).toBe(7);
});
