import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFairQueue } from "./fair-queue.js";

function queueOf(...jobs: string[]) {
  const queue = createFairQueue<string>();
  for (const job of jobs) queue.push(job.charAt(0), job);
  return queue;
}

function drain(queue: { shift(): string | undefined }): string[] {
  const jobs: string[] = [];
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) jobs.push(job);
  return jobs;
}

describe("a fair queue", () => {
  test("lets networks take turns, and keeps the order within each", () => {
    expect(drain(queueOf("a1", "a2", "a3", "b1", "b2", "c1"))).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  });

  test("lets a latecomer wait for one job of each network", () => {
    const queue = queueOf("a1", "a2", "a3", "a4");
    expect(queue.shift()).toBe("a1");
    queue.push("b", "b1");
    expect(drain(queue)).toEqual(["a2", "b1", "a3", "a4"]);
  });

  test("gives the turn of a lane that ran empty to the next", () => {
    const queue = queueOf("a1", "b1");
    expect(queue.shift()).toBe("a1");
    queue.push("a", "a2");
    expect(drain(queue)).toEqual(["b1", "a2"]);
  });

  test("is empty after its last job", () => {
    const queue = queueOf("a1");
    expect([queue.length, queue.shift(), queue.length, queue.shift()]).toEqual([1, "a1", 0, undefined]);
  });

  test("makes room by the newest job of the longest lane", () => {
    const queue = queueOf("a1", "b1", "b2", "b3", "a2");
    expect(queue.displaceFor("c")).toBe("b3");
    expect(queue.length).toBe(4);
    expect(drain(queue)).toEqual(["a1", "b1", "a2", "b2"]);
  });

  test("makes no room for a network whose own lane is, or becomes, the longest", () => {
    expect(queueOf("a1", "a2", "b1").displaceFor("a")).toBeUndefined();
    expect(queueOf("a1", "a2", "b1").displaceFor("b")).toBeUndefined();
    expect(queueOf("a1").displaceFor("b")).toBeUndefined();
    expect(queueOf().displaceFor("a")).toBeUndefined();
  });

  test("loses no job and counts right, whatever happens to it", () => {
    const step = fc.tuple(fc.constantFrom("push", "shift", "displace"), fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = createFairQueue<number>();
        const inside = new Set<number>();
        steps.forEach(([action, network], job) => {
          if (action === "push") {
            queue.push(network, job);
            inside.add(job);
          } else {
            const out = action === "shift" ? queue.shift() : queue.displaceFor(network);
            if (out !== undefined) expect(inside.delete(out)).toBe(true);
            else if (action === "shift") expect(inside.size).toBe(0);
          }
          expect(queue.length).toBe(inside.size);
        });
      }),
    );
  });
});
