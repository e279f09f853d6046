import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { CardeaError, DecodeError, parseRetryAfter, RefusedError } from "@cardea/core";
import { BadRequest, JsonSyntaxError, parseJson, readInput } from "@cardea/core/serve";
import { SeededRandom } from "@cardea/core/simulate";
import fc from "fast-check";
import { afterAll, describe, test } from "vitest";
import { acceptsTypeOf } from "../../packages/authority/dist/dialects/content-type.js";
import { bearerOf } from "../../packages/authority/dist/dialects/mcias/bearer.js";
import { canonicalAddress, clientFinder, networkOf } from "../../packages/authority/dist/front/addresses.js";
import type { Inbound } from "../../packages/authority/dist/front/exchange.js";
import { readHeaders } from "../../packages/authority/dist/front/headers.js";
import { createHosts } from "../../packages/authority/dist/front/hosts.js";
import { readParameters } from "../../packages/authority/dist/front/parameters.js";
import { isCanonical } from "../../packages/authority/dist/front/paths.js";
import { loadHouse } from "../../packages/authority/dist/house/load.js";
import { decodeBase32, encodeBase32 } from "../../packages/authority/dist/identity/totp.js";
import { encodeHeader, readJws, writeJws } from "../../packages/authority/dist/keys/jws.js";
import { loadMasterKey } from "../../packages/authority/dist/keys/master-key.js";
import { generateSigningKey, signer, verifier } from "../../packages/authority/dist/keys/signing.js";
import { readCertificate, readKey } from "../../packages/authority/dist/tls/pem-file.js";
import { readPhc } from "../../packages/authority/dist/workers/phc.js";
import { operations } from "../advisories/routes.js";
import { corpus, firstSeed, mutated, rounds } from "./mutate.js";

/** No name, no token, no path: what holds it has quoted what it read. */
const planted = "planted: this is nobody's business";
const folder = mkdtempSync(join(tmpdir(), "cardea-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const testdata = (name: string) =>
  readFileSync(new URL(`../../packages/mcias/testdata/tls/${name}`, import.meta.url), "latin1");

interface Target {
  /** Its corpus, and more seeds that no file should hold. */
  readonly corpus: string;
  readonly more?: readonly string[];
  /** Rounds of a short run. */
  readonly short: number;
  /** Throws where what came out is wrong. */
  check(bytes: Buffer): void | Promise<void>;
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Carries out `work`; what it throws must be one of these, and quote nothing. */
async function onlyThrows(kinds: readonly (new (...given: never[]) => Error)[], work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
    if (!(error instanceof RefusedError)) holds(!tells(error).includes(planted), "an error quotes what was read");
  }
}

/** What an error says in words and members, and what is behind it. Not its stack: that is slow, and tells no more. */
function tells(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.name, error.message, JSON.stringify(error), error.cause === undefined ? "" : tells(error.cause)].join();
}

async function inFile(bytes: Buffer, work: (path: string) => Promise<unknown>): Promise<void> {
  const path = join(folder, "file");
  await writeFile(path, bytes, { mode: 0o600 });
  await onlyThrows([CardeaError], () => work(path));
}

const key = generateSigningKey("EdDSA");
const header = encodeHeader({ alg: "EdDSA", typ: "JWT" });
const goodToken = writeJws(header, { sub: "x" }, signer(key));
const isSigned = verifier(key.publicJwk);
const hosts = createHosts(undefined);
const finder = clientFinder(["127.0.0.0/8", "::1"]);
const inbound = (headers: Record<string, string>, repeated: ReadonlySet<string>) => ({ headers, repeated }) as Inbound;

const targets: Record<string, Target> = {
  "parseJson takes nothing that JSON.parse reads differently": {
    corpus: "json",
    short: 1_500,
    check: (bytes) =>
      onlyThrows([JsonSyntaxError], () => {
        const value = parseJson(bytes);
        const other: unknown = JSON.parse(bytes.toString("utf8"));
        holds(JSON.stringify(value) === JSON.stringify(other), "two readings of one text");
      }),
  },
  "every row of the contract reads its request or says what is wrong": {
    corpus: "requests",
    short: 100,
    check: async (bytes) => {
      const text = bytes.toString("latin1");
      const received = { path: { id: text, jti: text }, query: { q: text }, headers: { h: text }, body: bytes };
      for (const [, op] of operations) {
        await onlyThrows([BadRequest], () =>
          readInput(op, received, { unknown: "refuse", nulls: "absent", json: { depth: 32, values: 10_000 } }),
        );
      }
    },
  },
  "every row of the contract reads its reply or says what is wrong": {
    corpus: "replies",
    short: 100,
    check: async (bytes) => {
      const [, status = "", type = "", body = ""] =
        /^([^\n]*)\n?([^\n]*)\n?([^]*)$/.exec(bytes.toString("latin1")) ?? [];
      const reply = {
        status: Number(/^[1-5]\d\d$/.exec(status)?.[0] ?? 200),
        headers: { "content-type": type, "retry-after": type, date: status },
        body: Buffer.from(body, "latin1"),
      };
      for (const [, op] of operations) {
        for (const decoding of ["strict", "lenient"] as const) {
          await onlyThrows([RefusedError, DecodeError], () => op.decode(reply, { baseUrl: "https://h", decoding }));
        }
      }
    },
  },
  "a token has one spelling, and no other is signed": {
    corpus: "tokens",
    more: [goodToken],
    short: 600,
    check: (bytes) => {
      const token = bytes.toString("latin1");
      const claims = readJws(token, header, isSigned);
      holds((claims !== undefined) === (token === goodToken), "another token than the signed one is taken");
      const unverified = readJws(token, header, () => true);
      holds(unverified === undefined || typeof unverified === "object", "claims that are no object");
    },
  },
  "Retry-After is a wait of at most a day, or nothing": {
    corpus: "retry-after",
    short: 1_500,
    check: (bytes) => {
      const wait = parseRetryAfter(bytes.toString("latin1"), 1_790_000_000_000);
      holds(
        wait === undefined || (Number.isInteger(wait) && wait >= 0 && wait <= 86_400_000),
        `a wait of ${String(wait)}`,
      );
    },
  },
  "an address has one text, and a network that is the same for every one of them": {
    corpus: "addresses",
    short: 1_200,
    check: (bytes) => {
      const text = bytes.toString("latin1");
      const address = canonicalAddress(text);
      if (address !== undefined) {
        holds(canonicalAddress(address) === address, "the text of an address changes when it is read again");
        holds(networkOf(address) === networkOf(canonicalAddress(address.toUpperCase()) ?? ""), "two networks");
      }
      const client = finder("127.0.0.1", [text]);
      holds(canonicalAddress(client.address) === client.address, "a client without an address");
      holds(finder("192.0.2.1", [text]).address === "192.0.2.1", "a stranger is believed");
      return onlyThrows([CardeaError], () => clientFinder([text]));
    },
  },
  "a canonical path is one that every reader reads the same, and parameters stand once": {
    corpus: "paths",
    short: 1_500,
    check: (bytes) => {
      const text = bytes.toString("latin1");
      if (isCanonical(text))
        holds(new URL(`https://h${text}`).pathname === text, "a URL parser reads the path otherwise");
      const parameters = readParameters(text);
      if ("values" in parameters) {
        const pairs = [...new URLSearchParams(text)];
        holds(pairs.length === Object.keys(parameters.values).length, "a parameter is lost");
        holds(
          pairs.every(([name, value]) => parameters.values[name] === value),
          "a parameter is another",
        );
      }
    },
  },
  "headers are each one or none": {
    corpus: "headers",
    short: 1_200,
    check: (bytes) => {
      const raw = bytes.toString("latin1").split("\n");
      const { headers, repeated } = readHeaders(raw);
      for (const name of Object.keys(headers)) {
        holds(!repeated.has(name), "a header is both");
        holds(raw.filter((text, at) => at % 2 === 0 && text.toLowerCase() === name).length === 1, "a header was twice");
      }
      const token = bearerOf(inbound({ ...headers }, repeated));
      holds(token === undefined || (headers["authorization"]?.endsWith(token) ?? false), "a token from nowhere");
      acceptsTypeOf("json", inbound({ ...headers }, repeated));
      const refused = hosts.refuse(headers["host"], repeated.has("host"), "127.0.0.1");
      holds(refused === undefined || refused.status === 400 || refused.status === 421, "a host that is neither");
    },
  },
  "a house file loads or is refused with a place, and never quoted": {
    corpus: "houses",
    short: 80,
    check: (bytes) =>
      inFile(bytes, async (path) => {
        const { accounts } = await loadHouse(path, { PLANTED: planted });
        holds(!inspect(accounts, { depth: 9 }).includes(planted), "a loaded house shows a secret");
      }),
  },
  "a stored hash is one that may be computed, or none": {
    corpus: "phc",
    short: 2_000,
    check: (bytes) => {
      const cost = readPhc(bytes.toString("latin1"));
      if (cost === undefined) return;
      holds(cost.memoryKiB <= 262_144 && cost.iterations <= 16 && cost.parallelism <= 16, "a hash that costs too much");
      holds(cost.memoryKiB >= 8 && cost.iterations >= 1 && cost.parallelism >= 1, "a hash that cannot be computed");
    },
  },
  "base32 has one spelling for all bytes": {
    corpus: "base32",
    short: 2_000,
    check: (bytes) => {
      const text = bytes.toString("latin1");
      const secret = decodeBase32(text);
      holds(secret === undefined || encodeBase32(secret) === text, "a second spelling");
    },
  },
  "a PEM file is read or refused, and never quoted": {
    corpus: "pem",
    more: ["ca.pem", "server.pem", "server.key.pem"].map(testdata),
    short: 80,
    check: async (bytes) => {
      await inFile(bytes, readCertificate);
      await inFile(bytes, readKey);
    },
  },
  "a master key is whole or refused, and never quoted": {
    corpus: "master-keys",
    short: 80,
    check: (bytes) =>
      inFile(bytes, async (path) => {
        holds((await loadMasterKey(path, { expected: true })).length === 32, "a master key of another length");
      }),
  },
};

function seedsOf(target: Target): readonly Buffer[] {
  return [...corpus(target.corpus), ...(target.more ?? [])].map((text) =>
    Buffer.from(text.replaceAll("{SECRET}", planted).replaceAll("{BASE32}", "GEZDGNBVGY3TQOJQ"), "latin1"),
  );
}

describe.each(Object.entries(targets))("%s:", (_, target) => {
  const seeds = seedsOf(target);

  test("what is in the corpus", async () => {
    for (const seed of seeds) await target.check(seed);
  });

  test("what is nearly that", async () => {
    for (let number = firstSeed; number < firstSeed + rounds(target.short); number += 1) {
      const random = new SeededRandom(number);
      const bytes = mutated(seeds[random.between(0, seeds.length - 1)] ?? Buffer.alloc(0), random, seeds);
      try {
        await target.check(bytes);
      } catch (cause) {
        throw new Error(`seed ${number}: ${JSON.stringify(bytes.toString("latin1"))}: ${String(cause)}`, { cause });
      }
    }
  });

  test("any bytes and any text", async () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(fc.oneof(fc.nat(0x7f), fc.nat(0x10ffff)), { maxLength: 100 })
        .map((points) => Buffer.from(String.fromCodePoint(...points))),
      fc.json().map((text) => Buffer.from(text)),
      fc.ipV6().map((text) => Buffer.from(text)),
      fc.webPath().map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => target.check(bytes)),
      { seed: firstSeed, numRuns: rounds(Math.ceil(target.short / 10)) },
    );
  });
});
