import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { manualClock, systemClock } from "./clock.js";

describe("the manual clock", () => {
  test("shows where it was started and moves when it is told to", () => {
    const clock = manualClock(1_000);
    clock.advance(250);
    expect([clock.now(), clock.elapsed()]).toEqual([1_250, 250]);
  });

  test("fires timers in the order of their times, each at its own", () => {
    const clock = manualClock(0);
    const fired: string[] = [];
    for (const ms of [30, 10, 20]) clock.after(ms, () => fired.push(`${ms} at ${clock.now()}`));
    clock.advance(25);
    expect(fired).toEqual(["10 at 10", "20 at 20"]);
    clock.advance(5);
    expect(fired).toEqual(["10 at 10", "20 at 20", "30 at 30"]);
  });

  test("fires timers of one time in the order in which they were set", () => {
    const clock = manualClock(0);
    const fired: number[] = [];
    for (const number of [1, 2, 3]) clock.after(10, () => fired.push(number));
    clock.advance(10);
    expect(fired).toEqual([1, 2, 3]);
  });

  test("fires a timer that another one sets on the way", () => {
    const clock = manualClock(0);
    const fired: number[] = [];
    const again = () => {
      fired.push(clock.now());
      clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  test("fires no timer twice, and none that was taken back", () => {
    const clock = manualClock(0);
    const fired: string[] = [];
    clock.after(10, () => fired.push("kept"));
    const cancel = clock.after(10, () => fired.push("taken back"));
    cancel();
    clock.advance(10);
    clock.advance(10);
    expect(fired).toEqual(["kept"]);
  });

  test("can be set back and forth without time passing", () => {
    const clock = manualClock(5_000);
    const fired: number[] = [];
    clock.after(10, () => fired.push(clock.now()));
    clock.set(1_000);
    clock.set(900_000);
    expect([clock.now(), clock.elapsed(), fired]).toEqual([900_000, 0, []]);
    clock.set(1_000);
    clock.advance(10);
    expect([clock.now(), clock.elapsed(), fired]).toEqual([1_010, 10, [1_010]]);
  });

  test.each([-1, Number.NaN])("does not advance by %s", (ms) => {
    expect(() => manualClock(0).advance(ms)).toThrow(RangeError);
  });
});

describe("the system clock", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
  afterEach(() => void vi.useRealTimers());

  test("reads the machine's time", () => {
    const before = systemClock.elapsed();
    vi.advanceTimersByTime(50);
    expect([systemClock.now(), systemClock.elapsed() - before]).toEqual([1_050, 50]);
  });

  test("wakes once, and not at all when taken back", () => {
    const fired: string[] = [];
    systemClock.after(10, () => fired.push("kept"));
    systemClock.after(10, () => fired.push("taken back"))();
    vi.advanceTimersByTime(50);
    expect(fired).toEqual(["kept"]);
  });

  test("waits longer than one timer can", () => {
    const days = 86_400_000;
    let woken = 0;
    systemClock.after(60 * days, () => (woken += 1));
    const cancel = systemClock.after(60 * days, () => (woken += 100));
    vi.advanceTimersByTime(59 * days);
    expect(woken).toBe(0);
    cancel();
    vi.advanceTimersByTime(2 * days);
    expect(woken).toBe(1);
  });
});
