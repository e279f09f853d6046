import { describe, expect, test } from "vitest";
import type { TransportError } from "../errors.js";
import type { HttpReply, HttpRequest } from "../http.js";
import type { Io } from "../io.js";
import type { Fault } from "./faults.js";
import { StuckError, simulate, type World } from "./index.js";

const origin = "https://host.test";

const request = (changes: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "POST",
  url: `${origin}/do`,
  headers: {},
  route: "POST /do",
  repeat: "never",
  limits: { success: 100, error: 100 },
  ...changes,
});

const ok: HttpReply = { status: 200, headers: {}, body: new Uint8Array() };

/** What a call comes to: a status, or the code of its failure. */
const result = (io: Io, changes: Partial<HttpRequest> = {}) =>
  io.call(request(changes)).then(
    ({ status }) => status,
    (error: TransportError) => (error.unsent ? `${error.code}, unsent` : error.code),
  );

const value = <T>(process: { readonly outcome: { readonly state: string; readonly value?: T } }) =>
  process.outcome.value;

describe("time", () => {
  test("passes by what is waited for, and not by the clock on the wall", async () => {
    const world = simulate(1, { startMs: 5_000 });
    const hour = 3_600_000;
    const process = world.process("sleeper", async (io) => {
      const before = io.now();
      await io.sleep(hour);
      return [before, io.now()];
    });
    await world.run();
    expect(value(process)).toEqual([5_000, 5_000 + hour]);
    expect(world.clock.now()).toBe(5_000 + hour);
  });

  test("stands until everything that can run has run", async () => {
    const world = simulate(1);
    const order: string[] = [];
    world.process("busy", async () => {
      for (let turn = 0; turn < 1_000; turn += 1) await Promise.resolve();
      await new Promise<void>((resolve) => process.nextTick(() => queueMicrotask(resolve)));
      order.push("has run");
    });
    world.at(1, "a millisecond later", () => order.push("time has passed"));
    world.process("waits", (io) => io.sleep(2));
    await world.run();
    expect(order).toEqual(["has run", "time has passed"]);
  });

  test("stands while work outside is open, and its results come in an order of the seed's", async () => {
    const orders = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]) {
      const world = simulate(seed);
      const order: string[] = [];
      world.process("hashes", async (io) => {
        const hash = async (name: string, size: number) => {
          await io.outside(() => crypto.subtle.digest("SHA-256", new Uint8Array(size)));
          order.push(name);
        };
        const before = io.now();
        await Promise.all([hash("long", 3_000_000), hash("short", 10)]);
        expect(io.now()).toBe(before);
      });
      world.process("waits", (io) => io.sleep(1));
      await world.run();
      orders.add(`${seed} ${order.join()}`);
    }
    expect(orders.size).toBe(6);
    expect(new Set([...orders].map((order) => order.slice(2)))).toEqual(new Set(["long,short", "short,long"]));
  });

  test("lets a failure outside be a failure of the program", async () => {
    const world = simulate(1);
    const process = world.process("p", (io) => io.outside(() => Promise.reject(new Error("no disk"))).catch(String));
    await world.run();
    expect(value(process)).toBe("Error: no disk");
  });

  test("fires the timers of the world's own clock, unless they are taken back", async () => {
    const world = simulate(1);
    const fired: number[] = [];
    world.clock.after(10, () => fired.push(world.clock.elapsed()));
    world.clock.after(10, () => fired.push(-1))();
    world.process("waits", (io) => io.sleep(20));
    await world.run();
    expect(fired).toEqual([10]);
  });
});

describe("a stuck program", () => {
  test("is named, whatever else has ended", async () => {
    const world = simulate(1);
    world.process("done", (io) => io.sleep(5));
    world.process("waits", (io) => io.sleep(10).then(() => new Promise(() => undefined)));
    const error = await world.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StuckError);
    expect(error).toMatchObject({ code: "stuck", waiting: ["waits"], help: expect.any(String) as string });
    expect((error as Error).message).toContain("waits");
  });

  test("includes a handler that waits for the real world, although its caller has a timeout", async () => {
    const world = simulate(1);
    world.host(origin, () => new Promise(() => undefined));
    world.process("caller", (io) => result(io));
    await expect(world.run()).rejects.toMatchObject({ code: "stuck", waiting: [origin] });
  });

  test("is found at once, although time could pass by what others wait for", async () => {
    const world = simulate(1);
    world.process("sleeper", (io) => io.sleep(1_000));
    world.process("foreign", () => new Promise((resolve) => setTimeout(resolve, 60_000).unref()));
    await expect(world.run()).rejects.toMatchObject({ code: "stuck", waiting: ["foreign"] });
    expect(world.clock.elapsed()).toBe(0);
  });

  test("includes one that never comes to an end", async () => {
    const world = simulate(1, { maxEvents: 50 });
    world.process("loops", async (io) => {
      for (;;) await io.sleep(1);
    });
    await expect(world.run()).rejects.toMatchObject({ code: "stuck", waiting: ["loops"] });
  });
});

describe("a host", () => {
  test("answers in virtual time, and may wait through its own port", async () => {
    const world = simulate(1, { latencyMs: [5, 5] });
    world.host(origin, async (_, io) => {
      await io.sleep(100);
      await io.outside(() => crypto.subtle.digest("SHA-256", new Uint8Array(1)));
      return ok;
    });
    const process = world.process("caller", async (io) => [await result(io), io.now() - world.clock.now()]);
    await world.run();
    expect(value(process)).toEqual([200, 0]);
    expect(world.clock.elapsed()).toBe(110);
  });

  test("that nobody put there refuses connections", async () => {
    const world = simulate(1);
    const process = world.process("caller", (io) => result(io));
    await world.run();
    expect(value(process)).toBe("connection_failed, unsent");
  });

  test("whose handler throws fails the run with that error", async () => {
    const world = simulate(1);
    const mistake = new RangeError("a mistake");
    world.host(origin, () => Promise.reject(mistake), { duplicate: 1 });
    world.process("caller", (io) => result(io));
    await expect(world.run()).rejects.toBe(mistake);
  });
});

describe("a fault", () => {
  const rows: readonly (readonly [Fault, string | number, number])[] = [
    ["refused", "connection_failed, unsent", 0],
    ["reset_before", "connection_failed", 0],
    ["reset_after", "connection_failed", 1],
    ["lost_reply", "timeout", 1],
    ["delay", 200, 1],
    ["duplicate", 200, 2],
    ["unavailable", 503, 0],
  ];

  test.each(rows)("%s looks like %j, and the server has acted %i times", async (fault, seen, acted) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const world = simulate(seed, { faults: { [fault]: 1 } });
      let times = 0;
      world.host(origin, async () => {
        times += 1;
        return ok;
      });
      const process = world.process(
        "caller",
        async (io) => {
          const first = await result(io);
          await io.sleep(1_000);
          return first;
        },
        { timeoutMs: 100_000 },
      );
      await world.run();
      expect([value(process), times]).toEqual([seen, acted]);
    }
  });

  test("delay makes the reply late by as much as it is told", async () => {
    const world = simulate(1, { latencyMs: [0, 0], delayMs: [7_000, 7_000], faults: { delay: 1 } });
    world.host(origin, async () => ok);
    world.process("caller", (io) => result(io));
    await world.run();
    expect(world.clock.elapsed()).toBe(7_000);
  });

  test("comes about as often as it is told to, and never where a host has none", async () => {
    const counts = { reset: 0, well: 0 };
    const world = simulate(4, { faults: { reset_before: 0.3 } });
    world.host(origin, async () => ok);
    world.host("https://sound.test", async () => ok, {});
    world.process("caller", async (io) => {
      for (let call = 0; call < 500; call += 1) {
        if ((await result(io)) !== 200) counts.reset += 1;
        if ((await result(io, { url: "https://sound.test/do" })) === 200) counts.well += 1;
      }
    });
    await world.run();
    expect(counts.reset).toSatisfy((count: number) => count > 110 && count < 190);
    expect(counts.well).toBe(500);
  });

  test("meets the port's own retries", async () => {
    const statuses = new Set<number | string>();
    for (let seed = 0; seed < 30; seed += 1) {
      const world = simulate(seed, { faults: { unavailable: 0.4 } });
      world.host(origin, async () => ok);
      const process = world.process("caller", (io) => result(io, { repeat: "safe" }), {
        retry: { attempts: 20, statuses: [503], budget: 100 },
      });
      await world.run();
      statuses.add(value(process) ?? "nothing");
    }
    expect([...statuses]).toEqual([200]);
  });
});

describe("a crash", () => {
  test("leaves nothing settled that the process waits for, and the others go on", async () => {
    const world = simulate(1);
    world.host(origin, async () => ok);
    const steps: string[] = [];
    const waits: readonly (readonly [string, (io: Io) => Promise<unknown>])[] = [
      ["sleeps", (io) => io.sleep(50)],
      ["calls", (io) => io.call(request())],
      ["works", (io) => io.sleep(0).then(() => io.outside(async () => 7))],
    ];
    const dead = waits.map(([name, wait]) =>
      world.process(name, async (io) => {
        steps.push(`${name} starts`);
        await wait(io).catch(() => undefined);
        await io.sleep(1_000);
        steps.push(`${name} goes on`);
      }),
    );
    world.process("lives", (io) => io.sleep(5_000));
    world.at(1, "the crash", () => waits.forEach(([name]) => world.crash(name)));
    await world.run();
    expect(dead.map(({ outcome }) => outcome.state)).toEqual(["crashed", "crashed", "crashed"]);
    expect(steps.sort()).toEqual(["calls starts", "sleeps starts", "works starts"]);
    expect(world.clock.elapsed()).toBe(5_000);
  });

  test("does not call back what was sent", async () => {
    const world = simulate(1, { latencyMs: [10, 10] });
    let acted = 0;
    world.host(origin, async () => {
      acted += 1;
      return ok;
    });
    world.process("caller", (io) => result(io));
    world.process("lives", (io) => io.sleep(100));
    world.at(5, "the crash", () => world.crash("caller"));
    await world.run();
    expect(acted).toBe(1);
  });

  test("leaves the store as it was, so that the process can be started again", async () => {
    const world = simulate(1);
    const program = (
      io: Io,
      store: { get: (key: string) => Promise<string | undefined>; set: (key: string, value: string) => Promise<void> },
    ) =>
      store.get("step").then(async (step) => {
        if (step !== undefined) return `goes on after ${step}`;
        await store.set("step", "one");
        await io.sleep(1_000);
        return "never came here";
      });
    world.process("job", program);
    world.at(500, "the crash", () => world.crash("job"));
    let second: { readonly outcome: { readonly state: string; readonly value?: string } } | undefined;
    world.at(501, "the restart", () => (second = world.process("job", program)));
    world.process("lives", (io) => io.sleep(2_000));
    await world.run();
    expect(second?.outcome).toEqual({ state: "done", value: "goes on after one" });
  });

  test("of a process that has ended changes nothing", async () => {
    const world = simulate(1);
    const process = world.process("short", async () => 7);
    await world.run();
    world.crash("short");
    expect(process.outcome).toEqual({ state: "done", value: 7 });
  });
});

describe("the store", () => {
  /** Two processes that each add one, five times. */
  const count = async (world: World, add: "blindly" | "by swap") => {
    for (const name of ["one", "two"]) {
      world.process(name, async (_, store) => {
        for (let left = 5; left > 0;) {
          const before = await store.get("count");
          const next = String(Number(before ?? 0) + 1);
          if (add === "blindly") await store.set("count", next);
          if (add === "blindly" || (await store.swap("count", before, next))) left -= 1;
        }
      });
    }
    await world.run();
    const reader = world.process("reader", (_, store) => store.get("count"));
    await world.run();
    return value(reader);
  };

  test("lets processes come between each other: who writes blindly loses what others wrote", async () => {
    const counts = new Set<string | undefined>();
    for (let seed = 0; seed < 20; seed += 1) counts.add(await count(simulate(seed), "blindly"));
    expect(counts.size).toBeGreaterThan(1);
    expect(Math.max(...[...counts].map(Number))).toBeLessThanOrEqual(10);
  });

  test("loses nothing of what is written by swap", async () => {
    for (let seed = 0; seed < 20; seed += 1) expect(await count(simulate(seed), "by swap")).toBe("10");
  });

  test("is written before a crash or not at all, as the seed will have it", async () => {
    const found = new Set<string | undefined>();
    for (let seed = 0; seed < 40; seed += 1) {
      const world = simulate(seed);
      world.process("writer", (_, store) => store.set("key", "value"));
      world.at(1, "the crash", () => world.crash("writer"));
      await world.run();
      const reader = world.process("reader", (_, store) => store.get("key"));
      await world.run();
      found.add(value(reader));
    }
    expect([...found].sort()).toEqual(["value", undefined]);
  });

  test("forgets what is deleted", async () => {
    const world = simulate(1);
    const process = world.process("p", async (_, store) => {
      await store.set("key", "value");
      await store.set("key", undefined);
      return [await store.get("key"), await store.swap("key", "value", "x"), await store.swap("key", undefined, "y")];
    });
    await world.run();
    expect(value(process)).toEqual([undefined, false, true]);
  });
});

describe("a run", () => {
  const play = async (seed: number) => {
    const world = simulate(seed, { faults: { reset_after: 0.2, lost_reply: 0.1, delay: 0.2, duplicate: 0.2 } });
    world.host(origin, async (_, io) => {
      await io.sleep(world.random.between(0, 30));
      return ok;
    });
    const drawn: string[] = [];
    for (const name of ["one", "two", "three"]) {
      world.process(name, async (io, store) => {
        for (let call = 0; call < 5; call += 1) {
          await result(io, { repeat: "safe" });
          await io.outside(() => crypto.subtle.digest("SHA-256", new Uint8Array(call * 1_000)));
          await store.set(name, String(call));
          drawn.push(`${name} ${io.random(4).join()}`);
        }
      });
    }
    world.at(world.random.between(1, 200), "the crash", () => world.crash("two"));
    await world.run();
    return [...world.trace, ...drawn].join("\n");
  };

  test("is the same again from the same seed, and another from another", async () => {
    const runs = new Set<string>();
    for (let seed = 0; seed < 10; seed += 1) {
      const first = await play(seed);
      expect(await play(seed)).toBe(first);
      runs.add(first);
    }
    expect(runs.size).toBe(10);
  });

  test("is told line by line", async () => {
    const world = simulate(1, { latencyMs: [5, 5] });
    world.host(origin, async () => ok);
    world.process("caller", (io) => result(io));
    await world.run();
    expect(world.trace).toEqual([
      "0 caller starts",
      "5 network POST /do arrives",
      "10 caller POST /do is answered 200",
    ]);
  });

  test("fails with what a process throws", async () => {
    const world = simulate(1);
    const mistake = new Error("a mistake");
    const process = world.process("p", async (io) => {
      await io.sleep(1);
      throw mistake;
    });
    world.process("q", (io) => io.sleep(1_000_000));
    await expect(world.run()).rejects.toBe(mistake);
    expect(process.outcome).toEqual({ state: "failed", error: mistake });
  });
});
