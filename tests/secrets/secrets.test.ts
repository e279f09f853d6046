import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forms, search, type Planted } from "./forms.js";
import { tellStory, type Story } from "./story.js";

let folder: string;
let story: Story;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cardea-secrets-"));
  story = await tellStory(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What may be found, and is: each line shows besides that the search sees what is there. */
const known: Readonly<Record<string, readonly string[]>> = {
  "credentials file": ["generated password: plain"],
  "data folder, before the set-up/master.key": ["master key: hex"],
  "data folder, before the set-up/setup-link": ["code of the setup link: plain"],
  "data folder, running/master.key": ["master key: hex"],
  "data folder, stopped/master.key": ["master key: hex"],
  "data folder, running/cardea.db-wal": ["password hash: plain"],
  "data folder, stopped/cardea.db": ["password hash: plain"],
};

test("no secret is in anything that was logged, printed, traced, thrown, answered or stored, but where it belongs", () => {
  for (const place of story.places.names) {
    const found = search(story.places.contentOf(place), story.secrets);
    // Text of ASCII alone is the same in several forms: the first says enough.
    const firsts = found.filter(({ secret }, at) => found.findIndex((other) => other.secret === secret) === at);
    expect(
      firsts.map(({ secret, form }) => `${secret}: ${form}`),
      place,
    ).toEqual(known[place] ?? []);
  }
});

test("everything that was to be searched is there, and has something in it", () => {
  expect(story.places.names).toEqual(
    expect.arrayContaining([
      ...Object.keys(known),
      "data folder of the commands/cardea.db",
      "errors of the client",
      "errors of the house file",
      "log",
      "output of apply",
      "output of serve",
      "output of the tour",
      "ready file",
      "refusals of the authority",
      "setup page",
      "the client itself",
      "traces of the client",
      "what starting returns",
    ]),
  );
  for (const place of story.places.names.filter((name) => !/\.db-(wal|shm|lock)$/.test(name))) {
    expect(story.places.contentOf(place).length, place).toBeGreaterThan(10);
  }
  const log = story.places.contentOf("log").toString();
  expect(log.match(/"event":"request_failed"/g), "the planted faults were logged").toHaveLength(4);
});

describe("the search finds what is planted", () => {
  const around = (content: Buffer, planted: Buffer) =>
    Buffer.concat([content.subarray(0, content.length / 2), planted, content.subarray(content.length / 2)]);

  test("in every place, each secret as it is", () => {
    for (const place of story.places.names) {
      for (const secret of story.secrets) {
        const planted = secret.short === true ? `"${String(secret.value)}"` : Buffer.from(secret.value);
        const found = search(around(story.places.contentOf(place), Buffer.from(planted)), [secret]);
        expect(found, `${secret.name} in ${place}`).toContainEqual({ secret: secret.name, form: "plain" });
      }
    }
  });

  test.each(Object.keys(forms))("in the form: %s", (form) => {
    for (const secret of story.secrets.filter(({ short }) => short !== true)) {
      const isText = typeof secret.value === "string";
      const encoded = forms[form]?.(Buffer.from(secret.value)) ?? "";
      const variants = typeof encoded === "string" || Buffer.isBuffer(encoded) ? [encoded] : encoded;
      for (const planted of variants) {
        const found = search(around(story.places.contentOf("log"), Buffer.from(planted)), [secret]);
        // What is no text has no form that is only for text.
        if (isText) expect(found, secret.name).toContainEqual({ secret: secret.name, form });
      }
    }
  });

  test.each([0, 1, 2, 3, 4])("in base64 of something longer, %i bytes behind its start", (offset) => {
    const secret: Planted = { name: "a password", value: "planted päss/+" };
    for (const encoding of ["base64", "base64url"] as const) {
      const whole = `${"x".repeat(offset)}${String(secret.value)} and what follows`;
      const found = search(Buffer.from(Buffer.from(whole).toString(encoding)), [secret]);
      expect(found).toContainEqual({ secret: "a password", form: encoding });
    }
  });

  test("a code among other digits is none, and one that stands alone is", () => {
    const code: Planted = { name: "a code", value: "424242", short: true };
    for (const text of ["1424242", "4242420", "a424242", "0.424242"])
      expect(search(Buffer.from(text), [code])).toEqual([]);
    for (const text of ["424242", '"424242"', "code=424242&x", "1424242 424242"]) {
      expect(search(Buffer.from(text), [code])).toHaveLength(1);
    }
  });
});
