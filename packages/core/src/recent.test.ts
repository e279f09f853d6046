import { expect, test } from "vitest";
import { Recent } from "./recent.js";

test("remembers what was used lately and forgets the rest", () => {
  const recent = new Recent<number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  recent.set("c", 3);
  expect(recent.get("a")).toBe(1);
  recent.set("d", 4);
  recent.set("e", 5);
  expect(recent.get("b")).toBeUndefined();
  expect(recent.get("a")).toBe(1);
});

test("never holds more than two generations", () => {
  const recent = new Recent<number>(100);
  for (let i = 0; i < 10_000; i += 1) recent.set(`key ${i}`, i);
  const held = Array.from({ length: 10_000 }, (_, i) => i).filter((i) => recent.get(`key ${i}`) !== undefined);
  expect(held.length).toBeLessThanOrEqual(200);
  expect(recent.get("key 9999")).toBe(9999);
});

test("forgets what is deleted, in whichever generation it is", () => {
  const recent = new Recent<number>(1);
  recent.set("old", 1);
  recent.set("young", 2);
  recent.delete("old");
  recent.delete("young");
  expect(recent.get("old")).toBeUndefined();
  expect(recent.get("young")).toBeUndefined();
});
