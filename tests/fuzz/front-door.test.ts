import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SeededRandom } from "@cardea/core/simulate";
import { expect, test } from "vitest";
import { ottoSecret, passwords, usualHouse } from "../mcias/house.js";
import { ask, knock, readReplies, received, request } from "../raw-exchange.js";
import { serveHouse, type ServedHouse } from "../served.js";
import { corpus, firstSeed, mutated, rounds } from "./mutate.js";

/** Connections at the same time. */
const lanes = 40;
/** So long a silence ends a case: the bytes may stop in the middle of a request, which is waited for much longer. */
const quietMs = 60;

async function loginToken(house: ServedHouse): Promise<string> {
  const body = { username: "root", password: passwords.root };
  const reply = await ask(house, request("POST", "/mcias/v1/auth/login", [], body));
  expect(reply?.status).toBe(200);
  return (JSON.parse(reply?.body ?? "") as { token: string }).token;
}

/** What is wrong with what came back for these bytes; nothing where all is well. */
async function knockWith(house: ServedHouse, bytes: Buffer, secrets: readonly string[]): Promise<string | undefined> {
  const socket = await knock(house);
  socket.write(bytes);
  const text = await received(socket, () => false, quietMs);
  const closed = socket.destroyed || socket.readableEnded;
  socket.destroy();
  if (secrets.some((secret) => text.includes(secret))) return "a secret came back";
  // Where a HEAD is among several requests, nobody can tell from outside which reply is its own.
  const isAmbiguous = /HEAD /.test(bytes.toString("latin1"));
  const { replies, problem, rest } = readReplies(text, () => isAmbiguous);
  if (!isAmbiguous && problem !== undefined) return problem;
  if (!isAmbiguous && closed && rest !== "") return "half a reply";
  const unnamed = replies.find(({ status }) => status === 500 || status > 503 || status < 100);
  if (unnamed !== undefined) return `status ${unnamed.status}`;
  for (const { headers, body } of isAmbiguous ? [] : replies) {
    if (headers.get("content-type") === "application/json" && !isJson(body)) return "a body that is no JSON";
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

test("whatever bytes come, the door answers in HTTP, tells no secret, has a name for all of it, and goes on", async () => {
  await using house = await serveHouse(usualHouse());
  const token = await loginToken(house);
  const masterKey = (await readFile(join(house.dataFolder, "master.key"), "utf8")).trim();
  const secrets = [...Object.values(passwords), ottoSecret, masterKey];
  const seeds = corpus("front-door").map((text) => Buffer.from(text.replaceAll("{TOKEN}", token), "latin1"));
  const problems: string[] = [];
  const check = async (bytes: Buffer, what: string) => {
    const problem = await knockWith(house, bytes, secrets);
    if (problem !== undefined) problems.push(`${what}: ${problem}: ${JSON.stringify(bytes.toString("latin1"))}`);
  };

  await Promise.all(seeds.map((seed, at) => check(seed, `corpus ${at}`)));
  let next = firstSeed;
  const end = firstSeed + rounds(240);
  const lane = async () => {
    while (next < end && problems.length === 0) {
      const number = next;
      next += 1;
      const random = new SeededRandom(number);
      const seed = seeds[random.between(0, seeds.length - 1)] ?? Buffer.alloc(0);
      const bytes = random.chance(0.05)
        ? Buffer.from(random.bytes(random.between(1, 400)))
        : mutated(seed, random, seeds);
      await check(bytes, `seed ${number}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));

  expect(problems).toEqual([]);
  expect(house.faults()).toEqual([]);
  expect(house.isAlive()).toBe(true);
  await loginToken(house);
});
