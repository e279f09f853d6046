import { expect, test } from "vitest";
import { firstOf, onAbort, untilAborted } from "./signals.js";

test("the same function may wait twice, and is taken back once at a time", () => {
  const controller = new AbortController();
  let woken = 0;
  const wake = () => (woken += 1);
  onAbort(controller.signal, wake);
  onAbort(controller.signal, wake);
  onAbort(controller.signal, wake)();
  controller.abort();
  expect(woken).toBe(2);
});

test("a signal that has fired wakes at once", () => {
  let woken = 0;
  onAbort(AbortSignal.abort(), () => (woken += 1))();
  expect(woken).toBe(1);
});

test("who waits can be taken back after the signal has fired", () => {
  const controller = new AbortController();
  const stop = onAbort(controller.signal, () => undefined);
  controller.abort();
  expect(stop).not.toThrow();
});

test("work that fails first fails with its own error", async () => {
  const fault = new Error("a fault");
  await expect(untilAborted(Promise.reject(fault), new AbortController().signal)).rejects.toBe(fault);
});

test("the first of several signals gives its reason", () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const first = firstOf([one.signal, two.signal]);
  two.abort("two");
  one.abort("one");
  expect(first.reason).toBe("two");
});

test("the first of signals one of which has fired has fired", () => {
  expect(firstOf([new AbortController().signal, AbortSignal.abort("gone")]).reason).toBe("gone");
});
