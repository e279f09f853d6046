import { manualClock } from "@cardea/core";
import { describe, expect, test } from "vitest";
import { Known } from "./known.js";
import { hastyClock, reply, serverOf, stageFor } from "./memory.test.support.js";
import { including } from "./pattern.js";
import { NotApplicable, playStep, Unmet } from "./play.js";
import type { Exchange, Expectation } from "./row.js";
import { totpCode } from "./totp.js";
import { WireError, type RawReply } from "./wire/wire.js";

const known = () => new Known([["worker.token", "secret-token"]]);
const asks = (expect: Expectation): Exchange => ({ send: "GET /v1/thing", expect });

async function unmet(step: Exchange, answer: RawReply): Promise<Unmet> {
  const failure = await playStep(step, known(), stageFor(serverOf(() => answer).send)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Unmet);
  return failure as Unmet;
}

describe("a planted fault in each kind of expectation is found", () => {
  const good = reply(200, { a: 1 }, { "cache-control": "no-store" });
  test.each<[string, Expectation, RawReply, string]>([
    ["status", { status: 200 }, reply(201, { a: 1 }), "GET /v1/thing"],
    ["one of several statuses", { status: [200, 204] }, reply(201), "GET /v1/thing"],
    ["a header", { headers: { "cache-control": /no-store/ } }, reply(200, { a: 1 }), "GET /v1/thing, cache-control"],
    ["exact members", { json: { a: 1 } }, reply(200, { a: 1, b: 2 }), "GET /v1/thing, body"],
    ["a member", { json: { a: 1 } }, reply(200, { a: 2 }), "GET /v1/thing, body.a"],
    ["JSON at all", { json: { a: 1 } }, reply(200, "<html>"), "GET /v1/thing, body"],
    ["text", { text: '{"a":1}' }, reply(200, '{"a": 1}'), "GET /v1/thing, body"],
    ["a tally", { tally: { "200": 1 } }, reply(201), "GET /v1/thing, statuses"],
  ])("%s", async (_, expectation, bad, place) => {
    await playStep(asks(expectation), known(), stageFor(serverOf(() => good).send));
    expect((await unmet(asks(expectation), bad)).at).toBe(place);
  });

  test("a check of what was learnt", async () => {
    const check = { check: "the sum", of: () => 3, is: 2 };
    const failure = playStep(check, known(), stageFor(serverOf(() => good).send));
    await expect(failure).rejects.toMatchObject({ at: "the sum", expected: "2", got: "3" });
  });
});

test("a request is sent as the row states it, with what is known put in", async () => {
  const server = serverOf(() => reply(200));
  const own = new Known([
    ["id", "7"],
    ["worker.token", "t"],
    ["list", ["a", "b"]],
  ]);
  const stage = stageFor(server.send);
  const header = ["Bearer {{worker.token}}", "Bearer x"];
  await playStep(
    { send: "PUT //v1/x/{{id}}", as: "worker", json: { n: "n-{{id}}", l: "{{list}}" }, expect: {} },
    own,
    stage,
  );
  await playStep(
    { send: "POST /v1/x", body: '{"id":{{id}}}', headers: { authorization: header }, expect: {} },
    own,
    stage,
  );
  expect(server.requests).toEqual([
    {
      method: "PUT",
      path: "//v1/x/7",
      headers: { "content-type": "application/json", authorization: "Bearer t" },
      body: '{"n":"n-7","l":["a","b"]}',
    },
    {
      method: "POST",
      path: "/v1/x",
      headers: { "content-type": "application/json", authorization: ["Bearer t", "Bearer x"] },
      body: '{"id":7}',
    },
  ]);
});

test("what is kept is a member, the body, its text or a header; of several answers it is a list", async () => {
  const { send } = serverOf((_, count) => reply(200, { n: count }, { "x-n": String(count) }));
  const own = known();
  const keep = { member: "n", all: ".", text: "#text", header: "@x-n", missing: "m" };
  await playStep({ ...asks({ status: 200 }), keep }, own, stageFor(send));
  expect(Object.keys(keep).map((name) => own.get(name))).toEqual([1, { n: 1 }, '{"n":1}', "1", undefined]);
  await playStep({ ...asks({ status: 200 }), times: 3, keep: { n: "n" } }, own, stageFor(send));
  expect(own.get("n")).toEqual([2, 3, 4]);
});

test("at once, the statuses are counted, and every answer is held to the rest", async () => {
  const { send } = serverOf((_, count) => reply(count === 1 ? 200 : 401, { code: "x" }));
  const race = (tally: Record<string, number>): Exchange => ({
    ...asks({ status: [200, 401], json: including({ code: "x" }), tally }),
    atOnce: 4,
  });
  await playStep(race({ "200": 1, "401": 3 }), known(), stageFor(send));
  await expect(playStep(race({ "200": 1, "401": 3 }), known(), stageFor(send))).rejects.toThrow(Unmet);
});

test("an exchange for each item of a list is sent once an item", async () => {
  const server = serverOf((request) => reply(200, { path: request.path }));
  const own = new Known([["ids", ["a", "b"]]]);
  await playStep(
    { send: "GET /{{item}}", each: "ids", expect: {}, keep: { paths: "path" } },
    own,
    stageFor(server.send),
  );
  expect(own.get("paths")).toEqual(["/a", "/b"]);
});

describe("a rate limit", () => {
  test("is waited for as long as the server asks", async () => {
    const { send } = serverOf((_, count) => (count < 3 ? reply(429, undefined, { "retry-after": "2" }) : reply(200)));
    const clock = hastyClock();
    await playStep(asks({ status: 200 }), known(), stageFor(send, { clock }));
    expect(clock.waits).toEqual([2_000, 2_000]);
  });

  test("is not waited for without end", async () => {
    const server = serverOf(() => reply(429, undefined, { "retry-after": "25" }));
    const clock = hastyClock();
    const failure = playStep(asks({ status: 200 }), known(), stageFor(server.send, { clock }));
    await expect(failure).rejects.toMatchObject({ expected: "status 200", got: "429" });
    expect(clock.waits).toEqual([25_000, 25_000]);
  });

  test("is an answer where the row is about it", async () => {
    const server = serverOf(() => reply(429));
    await playStep({ ...asks({ status: 429 }), limited: true }, known(), stageFor(server.send));
    expect(server.requests).toHaveLength(1);
  });
});

test("a server that says nothing is given up after half a minute", async () => {
  const clock = manualClock(0);
  const send = (_: unknown, signal: AbortSignal) =>
    new Promise<RawReply>((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  const played = playStep(asks({ status: 200 }), known(), stageFor(send, { clock }));
  clock.advance(30_000);
  await expect(played).rejects.toMatchObject({ expected: "an answer", got: "none within 30 seconds" });
});

test("a connection that fails is told in words, and whether anybody is left", async () => {
  const refused = stageFor(() => Promise.reject(new WireError("no answer (ECONNREFUSED)", true)));
  await expect(playStep(asks({}), known(), refused)).rejects.toMatchObject({
    expected: "an answer",
    got: "no answer (ECONNREFUSED)",
    gone: true,
  });
});

test("no secret is in a failure: tokens, passwords, and what looks like them", async () => {
  const jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
  const bodies = [{ token: "planted" }, { error: jwt }, { password: "planted" }, { error: 'it is pla"nted' }];
  for (const body of bodies) {
    const stage = stageFor(serverOf(() => reply(500, body)).send);
    stage.mask.add('pla"nted');
    const failure: unknown = await playStep(asks({ status: 200 }), known(), stage).catch((error: unknown) => error);
    expect((failure as Unmet).message).toContain("500");
    expect((failure as Unmet).message).not.toMatch(/pla.*nted|eyJ/);
  }
  const token = await unmet(asks({ json: { token: "x" } }), reply(200, { token: "planted" }));
  expect(token.message).not.toContain("planted");
});

test("a token that was kept is masked from then on, wherever it turns up", async () => {
  const { send } = serverOf((_, count) =>
    count === 1 ? reply(200, { token: "planted" }) : reply(500, "a planted one"),
  );
  const stage = stageFor(send);
  await playStep({ ...asks({ status: 200 }), keep: { "worker.token": "token" } }, known(), stage);
  const failure: unknown = await playStep(asks({ status: 200 }), known(), stage).catch((error: unknown) => error);
  expect((failure as Unmet).got).toBe("500 a [redacted] one");
});

test("codes are of the time steps around now, and late in a step they wait for the next", async () => {
  const secret = Buffer.from("12345678901234567890");
  const clock = hastyClock();
  clock.set(1_000_000_020_000 - (1_000_000_020_000 % 30_000) + 20_000);
  const step = Math.floor(clock.now() / 30_000) + 1;
  const own = known();
  await playStep(
    { codes: { old: -1, now: 0 } },
    own,
    stageFor(serverOf(() => reply(200)).send, { clock, totpSecret: secret }),
  );
  expect(clock.waits).toEqual([11_000]);
  expect([own.get("old"), own.get("now")]).toEqual([totpCode(secret, step - 1), totpCode(secret, step)]);
});

test("a condition that does not hold ends the row as not for this server", async () => {
  const stage = stageFor(serverOf(() => reply(200)).send);
  await playStep({ onlyIf: () => true, otherwise: "no" }, known(), stage);
  await expect(playStep({ onlyIf: () => false, otherwise: "why" }, known(), stage)).rejects.toThrow(NotApplicable);
});
