import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { manualClock, systemClock } from "@cardea/core";
import { hashSync } from "@node-rs/argon2";
import { afterEach, describe, expect, test } from "vitest";
import { createHashPool, hashFloor, type HashPool, type HashPoolOptions } from "./hash-pool.js";

const cheap = { memoryKiB: 8, iterations: 1, parallelism: 1 };
const pools: HashPool[] = [];

/** A pool with hashes that cost next to nothing, and a clock that stands. */
function poolOf(options: Partial<HashPoolOptions> = {}): HashPool {
  const pool = createHashPool({ parameters: cheap, allowWeak: true, workers: 1, clock: manualClock(0), ...options });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe("a hash", () => {
  test("is Argon2id in PHC form with the parameters of the pool, 16 bytes of salt and 32 of output", async () => {
    const phc = await poolOf({ parameters: hashFloor, allowWeak: false }).hash("open sesame", "a");
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  });

  test("has a salt of its own each time", async () => {
    const pool = poolOf();
    expect(await pool.hash("open sesame", "a")).not.toBe(await pool.hash("open sesame", "a"));
  });

  test("is verified by its password, as text or as bytes, and by no other", async () => {
    const pool = poolOf();
    const phc = await pool.hash("Türe", "a");
    expect(await pool.verify(phc, new TextEncoder().encode("Türe"), "a")).toBe(true);
    expect(await pool.verify(phc, "Türe", "a")).toBe(true);
    expect(await pool.verify(phc, "Ture", "a")).toBe(false);
    expect(await pool.verify(phc, "", "a")).toBe(false);
  });

  test("leaves the caller's bytes as they are", async () => {
    const password = Buffer.from("open sesame");
    await poolOf().hash(password, "a");
    expect(password.toString()).toBe("open sesame");
  });

  test("of other parameters is verified too", async () => {
    const former = hashSync("open sesame", { memoryCost: 64, timeCost: 3, parallelism: 2 });
    expect(await poolOf().verify(former, "open sesame", "a")).toBe(true);
    expect(await poolOf().verify(former, "open sesam", "a")).toBe(false);
  });

  test.each([
    ["missing", undefined],
    ["empty", ""],
    ["no hash", "open sesame"],
    [
      "hostile",
      "$argon2id$v=19$m=4294967295,t=4294967295,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
    ["not decodable", "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAA$AAAAAAAAAAAAAAAAA"],
  ])("that is %s is false, and the pool goes on", async (_, phc) => {
    const pool = poolOf();
    expect(await pool.verify(phc, "open sesame", "a")).toBe(false);
    expect(pool.stats()).toMatchObject({ threads: 1, crashes: 0 });
  });
});

describe("the floor", () => {
  test.each([{ memoryKiB: 19_455 }, { iterations: 1 }, { parallelism: 0 }])("refuses %j", (less) => {
    expect(() => createHashPool({ parameters: { ...hashFloor, ...less }, clock: systemClock })).toThrow(
      expect.objectContaining({ code: "hash_below_floor" }),
    );
  });

  test("has a ceiling above it, so that every hash that is made can be read back", () => {
    const parameters = { ...hashFloor, memoryKiB: 262_145 };
    expect(() => createHashPool({ parameters, clock: systemClock })).toThrow(
      expect.objectContaining({ code: "hash_beyond_bounds" }),
    );
  });
});

describe("a pool with more to do than it has time for", () => {
  // By the first guess a hash of the floor takes 15.6 ms: two are with the thread, and four may wait for 50 ms.
  const narrow = { parameters: hashFloor, maxWaitMs: 50 };
  const ask = (pool: HashPool, network: string) => pool.verify(undefined, "open sesame", network).then(String, codeOf);
  const codeOf = (error: unknown) => (error as { code: string }).code;

  test("refuses at once who would wait longer, and says when to come back", async () => {
    const pool = poolOf(narrow);
    const first = Array.from({ length: 6 }, () => ask(pool, "a"));
    expect(pool.stats()).toMatchObject({ running: 2, waiting: 4, refused: 0 });
    await expect(pool.hash("open sesame", "a")).rejects.toMatchObject({
      code: "busy",
      retryable: true,
      retryAfterMs: 1000,
    });
    expect(pool.stats()).toMatchObject({ refused: 1 });
    expect(await Promise.all(first)).toEqual(Array(6).fill("false"));
  });

  test("takes the place of one who has many in line for one who has none", async () => {
    const pool = poolOf(narrow);
    const crowd = Array.from({ length: 6 }, () => ask(pool, "a"));
    const latecomer = ask(pool, "b");
    expect(pool.stats()).toMatchObject({ waiting: 4, refused: 1 });
    expect(await latecomer).toBe("false");
    expect(await Promise.all(crowd)).toEqual([...Array<string>(5).fill("false"), "busy"]);
  });

  test("takes the next one when there is room again", async () => {
    const pool = poolOf(narrow);
    await Promise.all(Array.from({ length: 9 }, () => ask(pool, "a")));
    expect(pool.stats()).toMatchObject({ running: 0, waiting: 0 });
    expect(await ask(pool, "a")).toBe("false");
  });

  test("answers networks in turn", async () => {
    const pool = poolOf({ parameters: cheap });
    const order: string[] = [];
    const networks = ["a", "a", "a", "a", "a", "b", "c"];
    await Promise.all(networks.map((network) => ask(pool, network).then(() => order.push(network))));
    // The thread had two before anybody else came.
    expect(order.join("")).toBe("aaabcaa");
  });

  test("learns from what jobs take", async () => {
    const clock = manualClock(0);
    const pool = poolOf({ clock });
    const before = pool.stats().meanMs;
    const slow = pool.hash("open sesame", "a");
    clock.advance(1000);
    await slow;
    expect(pool.stats().meanMs).toBeCloseTo(before + (1000 - before) * 0.1);
  });
});

describe("threads", () => {
  test("start when they are needed, and never more than were asked for", async () => {
    const pool = poolOf({ workers: 2 });
    expect(pool.stats().threads).toBe(0);
    await pool.hash("open sesame", "a");
    await pool.hash("open sesame", "a");
    expect(pool.stats().threads).toBe(1);
    await Promise.all(Array.from({ length: 8 }, () => pool.hash("open sesame", "a")));
    expect(pool.stats().threads).toBe(2);
  });

  test("all start when the pool is warmed", async () => {
    const pool = poolOf({ workers: 2 });
    await pool.warm();
    expect(pool.stats()).toMatchObject({ threads: 2, running: 0 });
  });

  test("that die take their own jobs along, and nothing else", async () => {
    const started: Worker[] = [];
    const catchWorker = (worker: Worker) => started.push(worker);
    process.on("worker", catchWorker);
    try {
      const pool = poolOf();
      await pool.warm();
      // It is on its way out and nobody has heard of it yet.
      const death = started[0]?.terminate();
      const ask = () =>
        pool.hash("open sesame", "a").then(
          () => "hashed",
          (error: unknown) => error,
        );
      const jobs = [ask(), ask(), ask(), ask()];
      expect(await death).toBe(1);
      expect(await Promise.all(jobs)).toEqual([
        expect.objectContaining({ code: "hash_failed" }),
        expect.objectContaining({ code: "hash_failed" }),
        "hashed",
        "hashed",
      ]);
      expect(pool.stats()).toMatchObject({ threads: 1, crashes: 1 });
    } finally {
      process.off("worker", catchWorker);
    }
  });

  test("that are idle do not keep the process alive, and those at work do", () => {
    const built = new URL("../../dist/workers/hash-pool.js", import.meta.url).href;
    const program = `
      import { systemClock } from "@cardea/core";
      import { createHashPool, hashFloor } from ${JSON.stringify(built)};
      const pool = createHashPool({ parameters: hashFloor, clock: systemClock });
      await pool.warm();
      console.log((await pool.hash("open sesame", "a")).slice(0, 9));
    `;
    const options = { cwd: fileURLToPath(new URL(".", import.meta.url)), encoding: "utf8", timeout: 15_000 } as const;
    expect(execFileSync(process.execPath, ["--input-type=module", "--eval", program], options)).toBe("$argon2id\n");
  });
});

describe("a closed pool", () => {
  test("has failed what it had not answered, and takes nothing more", async () => {
    const pool = poolOf();
    const closed = expect.objectContaining({ code: "hash_pool_closed" }) as unknown;
    const jobs = Array.from({ length: 4 }, () => pool.hash("open sesame", "a").catch((error: unknown) => error));
    await pool.close();
    expect(await Promise.all(jobs)).toEqual(Array(4).fill(closed));
    await expect(pool.hash("open sesame", "a")).rejects.toEqual(closed);
    await expect(pool.warm()).rejects.toEqual(closed);
    expect(pool.stats()).toMatchObject({ threads: 0, running: 0, waiting: 0, crashes: 0 });
  });

  test("may be closed again", async () => {
    const pool = poolOf();
    await pool.warm();
    await pool.close();
    await pool.close();
  });
});
