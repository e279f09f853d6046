import { Secret } from "@cardea/core";
import { expect, test } from "vitest";
import { TokenState } from "./token-state.js";

const token = (text: string) => ({ token: Secret.of(text) });
const held = (state: TokenState) => state.current.token?.expose();

test("what is stored replaces the snapshot and leaves those that were taken before as they were", () => {
  const state = new TokenState(token("first"));
  const before = state.current;
  expect(state.replace(before, { ...token("second"), expiresAt: new Date(0) })).toBe(true);
  expect(held(state)).toBe("second");
  expect(state.current).toMatchObject({ expiresAt: new Date(0), generation: 1 });
  expect(before).toMatchObject({ generation: 0 });
  expect(before.token?.expose()).toBe("first");
});

test("what began before something newer was stored is not stored", () => {
  const state = new TokenState(token("old"));
  const slow = state.current;
  state.replace(state.current, token("newer"));
  expect(state.replace(slow, token("late"))).toBe(false);
  expect(state.replace(slow, {})).toBe(false);
  expect(held(state)).toBe("newer");
});

test("pieces of work run one after another, also after one that failed, each with what is current then", async () => {
  const state = new TokenState();
  const log: string[] = [];
  const step = (name: string, fails = false) =>
    state.inTurn(async (seen) => {
      log.push(`${name} sees ${seen.generation}`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      state.replace(seen, token(name));
    });
  const turns = [step("a"), step("b", true), step("c")];
  await expect(turns[1]).rejects.toThrow("b");
  await Promise.all([turns[0], turns[2]]);
  expect(log).toEqual(["a sees 0", "a ends", "b sees 1", "b ends", "c sees 1", "c ends"]);
});

test("a shared piece of work runs once for all who ask before it is done, and again for the next", async () => {
  const state = new TokenState();
  let runs = 0;
  const ask = () => state.inSharedTurn(async () => (runs += 1));
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(await ask()).toBe(2);
});

test("a shared piece of work that fails does so for all who ask, and is forgotten", async () => {
  const state = new TokenState();
  const fail = () => state.inSharedTurn(() => Promise.reject(new Error("no")));
  const outcomes = await Promise.allSettled([fail(), fail()]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await state.inSharedTurn(async () => "yes")).toBe("yes");
});
