import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSeals, makeDataKey, rewrapDataKey, type Place } from "./seal.js";

const masterKey = new Uint8Array(32).fill(1);
const old = makeDataKey({ masterKey, id: "old", now: 1000 });
const current = makeDataKey({ masterKey, id: "new", now: 2000 });
const seals = createSeals({ masterKey, dataKeys: [current, old] });

const here: Place = { table: "factors", column: "secret", row: "a" };
const secret = new TextEncoder().encode("open sesame");

describe("a sealed value", () => {
  test("opens where it was sealed, whatever it holds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plaintext, row) => {
        const place = { ...here, row };
        expect(seals.open(place, seals.seal(place, plaintext))).toEqual(plaintext);
      }),
    );
  });

  test.each<[string, Place]>([
    ["another row", { ...here, row: "b" }],
    ["another column", { ...here, column: "secret2" }],
    ["another table", { ...here, table: "passwords" }],
    ["a place whose names run together alike", { ...here, table: "factorssec", column: "ret" }],
  ])("does not open in %s", (_, there) => {
    expect(() => seals.open(there, seals.seal(here, secret))).toThrow(expect.objectContaining({ code: "seal_broken" }));
  });

  test("does not open with any one bit flipped", () => {
    const sealed = seals.seal(here, secret);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const altered = Uint8Array.from(sealed);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => seals.open(here, altered), `bit ${bit}`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^seal_(broken|key_unknown)$/) as unknown }),
      );
    }
  });

  test("does not open when cut, from nothing to all but its last byte", () => {
    const sealed = seals.seal(here, secret);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => seals.open(here, sealed.subarray(0, length)), `${length} bytes`).toThrow(
        /was altered, cut or moved/,
      );
    }
  });

  test("shows nothing of what it holds, and is another one each time", () => {
    const [one, two] = [seals.seal(here, secret), seals.seal(here, secret)];
    expect(Buffer.from(one).includes(Buffer.from(secret))).toBe(false);
    expect(one).not.toEqual(two);
  });

  test("leaves the caller's bytes as they are", () => {
    const mine = Uint8Array.from(secret);
    seals.seal(here, mine);
    expect(mine).toEqual(secret);
  });
});

describe("data keys", () => {
  test("of former times still open, and the newest seals", () => {
    const before = createSeals({ masterKey, dataKeys: [old] }).seal(here, secret);
    expect(seals.open(here, before)).toEqual(secret);
    const now = seals.seal(here, secret);
    expect(() => createSeals({ masterKey, dataKeys: [old] }).open(here, now)).toThrow(
      expect.objectContaining({ code: "seal_key_unknown" }),
    );
  });

  test("do not open what another of them sealed under the same name", () => {
    const impostor = makeDataKey({ masterKey, id: "new", now: 2000 });
    const sealed = createSeals({ masterKey, dataKeys: [impostor] }).seal(here, secret);
    expect(() => seals.open(here, sealed)).toThrow(expect.objectContaining({ code: "seal_broken" }));
  });

  test("do not open with another master key", () => {
    expect(() => createSeals({ masterKey: new Uint8Array(32).fill(2), dataKeys: [old] })).toThrow(
      expect.objectContaining({ code: "wrong_master_key" }),
    );
  });

  test("do not open in the row of another", () => {
    expect(() => createSeals({ masterKey, dataKeys: [{ ...old, wrapped: current.wrapped }] })).toThrow(
      expect.objectContaining({ code: "wrong_master_key" }),
    );
  });

  test("must exist", () => {
    expect(() => createSeals({ masterKey, dataKeys: [] })).toThrow(expect.objectContaining({ code: "no_data_key" }));
  });
});

describe("another key", () => {
  const next = new Uint8Array(32).fill(2);

  test("of the data keys: a value is sealed anew where it is not under the newest", () => {
    const before = createSeals({ masterKey, dataKeys: [old] }).seal(here, secret);
    const after = seals.reseal(here, before);
    expect(seals.open(here, after!)).toEqual(secret);
    expect(createSeals({ masterKey, dataKeys: [current] }).open(here, after!)).toEqual(secret);
    expect(seals.reseal(here, after!)).toBeUndefined();
  });

  test("of the data keys: a value that was moved is not made good by it", () => {
    const elsewhere = createSeals({ masterKey, dataKeys: [old] }).seal({ ...here, row: "b" }, secret);
    expect(() => seals.reseal(here, elsewhere)).toThrow(expect.objectContaining({ code: "seal_broken" }));
  });

  test("in the place of the master key opens what was sealed before, and the former opens nothing", () => {
    const sealed = seals.seal(here, secret);
    const dataKeys = [old, current].map((row) => rewrapDataKey(row, { from: masterKey, to: next }));
    expect(createSeals({ masterKey: next, dataKeys }).open(here, sealed)).toEqual(secret);
    expect(() => createSeals({ masterKey, dataKeys })).toThrow(expect.objectContaining({ code: "wrong_master_key" }));
  });

  test("in the place of one that was never there is refused", () => {
    expect(() => rewrapDataKey(old, { from: next, to: masterKey })).toThrow(
      expect.objectContaining({ code: "wrong_master_key" }),
    );
  });
});

test("seals show no key when they are printed", () => {
  const key = new Uint8Array(32).fill(0xab);
  const printed = makeDataKey({ masterKey, id: "printed", now: 1, random: (count) => key.slice(0, count) });
  const shown = inspect(createSeals({ masterKey, dataKeys: [printed] }), { depth: 9, showHidden: true });
  expect(shown).toContain("seal");
  expect(shown).not.toMatch(/ab ab|171, 171/);
});
