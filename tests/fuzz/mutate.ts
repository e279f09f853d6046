import { readFileSync } from "node:fs";
import type { SeededRandom } from "@cardea/core/simulate";

/** What parsers have stumbled over before: borders of numbers, of encodings, of structure. */
const awkward = [
  "",
  "\0",
  "\r\n",
  "\n",
  "\r\n\r\n",
  " ",
  "\t",
  "%",
  "%00",
  "%2e",
  "%2f",
  "%c0%af",
  "..",
  "/../",
  "//",
  "\\",
  "#",
  "?",
  "&",
  ";",
  ",",
  ":",
  "=",
  "==",
  "+",
  "-",
  "'",
  '"',
  "{",
  "}",
  "[",
  "]",
  "[[[[[[[[",
  "null",
  "true",
  "-0",
  "1e999",
  "9".repeat(40),
  "0x10",
  "NaN",
  "\\u0000",
  "\\ud800",
  "\\",
  '"a":1,',
  "__proto__",
  "constructor",
  "toString",
  "\xff",
  "\xc3\xa9",
  "\xed\xa0\x80",
  "\xef\xbb\xbf",
  "Content-Length: 3\r\n",
  "Content-Length: -1\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: evil\r\n",
  "Expect: 100-continue\r\n",
  "Connection: close\r\n",
  "Upgrade: h2c\r\n",
  "$argon2id$",
  "m=4294967295",
  "::ffff:",
  "1.2.3.4",
  "::1",
  "%eth0",
  "AAAA",
  ".",
  "_",
].map((text) => Buffer.from(text, "latin1"));

/**
 * Changes a seed a little, in up to `most` places: bytes flipped, cut, doubled, put in, or parts of another seed put in.
 * The same random gives the same change.
 */
export function mutated(seed: Buffer, random: SeededRandom, others: readonly Buffer[], most = 4): Buffer {
  let bytes = seed;
  for (let left = random.between(1, most); left > 0; left -= 1) bytes = changed(bytes, random, others);
  return bytes;
}

function changed(bytes: Buffer, random: SeededRandom, others: readonly Buffer[]): Buffer {
  const at = random.between(0, bytes.length);
  const end = Math.min(bytes.length, at + random.between(1, 16));
  const put = (middle: Uint8Array, until = at) => Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(until)]);
  switch (random.between(0, 7)) {
    case 0: {
      const flipped = Buffer.from(bytes.subarray(at, at + 1)).map((byte) => byte ^ (1 << random.between(0, 7)));
      return put(flipped, at + 1);
    }
    case 1:
      return put(random.bytes(random.between(1, 4)));
    case 2:
      return put(Buffer.alloc(0), end);
    case 3:
      return put(bytes.subarray(at, end));
    case 4:
      return bytes.subarray(0, at);
    case 5: {
      const other = oneOf(others, random) ?? bytes;
      const from = random.between(0, other.length);
      return put(other.subarray(from, from + random.between(1, 40)), random.chance(0.5) ? end : at);
    }
    default:
      return put(oneOf(awkward, random) ?? bytes, random.chance(0.5) ? end : at);
  }
}

function oneOf<Item>(items: readonly Item[], random: SeededRandom): Item | undefined {
  return items[random.between(0, items.length - 1)];
}

/**
 * The seeds of a fuzzer: inputs that are right, and those that once broke something. A new find is added to its file.
 * Text stands for bytes, one character a byte.
 */
export function corpus(name: string): readonly string[] {
  return JSON.parse(readFileSync(new URL(`corpus/${name}.json`, import.meta.url), "utf8")) as string[];
}

/** Enough to notice a broken parser in a moment, or in `npm run soak` as much as there is time for. */
export const rounds = (short: number): number => (process.env["CARDEA_SOAK"] === "1" ? short * 500 : short);

/** The same in every short run, another one in each long run; a failure names it. */
export const firstSeed = process.env["CARDEA_SOAK"] === "1" ? Date.now() % 2 ** 31 : 20_261_125;
