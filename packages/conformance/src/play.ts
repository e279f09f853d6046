import { parseRetryAfter, type Clock } from "@cardea/core";
import type { Known } from "./known.js";
import type { Mask } from "./mask.js";
import { compare, type Pattern, type Setting } from "./pattern.js";
import type { Check, Codes, Exchange, Expectation, Step } from "./row.js";
import { totpCode, totpStepMs } from "./totp.js";
import { WireError, type RawReply, type RawRequest, type Wire } from "./wire/wire.js";

/** No server of sense thinks longer about anything in the table. */
const answerMs = 30_000;
/** So long a row waits where it is told to come back later. */
const patienceMs = 60_000;
/** So much must be left of a time step, for codes to be what they are called when they arrive. */
const codeMarginMs = 12_000;

/** What all rows of a run share. */
export interface Stage {
  readonly send: Wire;
  readonly clock: Clock;
  readonly mask: Mask;
  readonly profile: Setting["profile"];
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** The secret of the account with a second factor. */
  readonly totpSecret?: Uint8Array;
  /** Hears of every answer. */
  readonly heard: (send: string, reply: RawReply) => void;
}

/** Something is not as the row says. Its texts hold no secret. */
export class Unmet extends Error {
  override readonly name = "Unmet";
  readonly at: string;
  readonly expected: string;
  readonly got: string;
  /** Nobody answers any more. */
  readonly gone: boolean;

  constructor(facts: Readonly<Record<"at" | "expected" | "got", string>>, gone = false) {
    super(`${facts.at}: expected ${facts.expected}, got ${facts.got}`);
    this.at = facts.at;
    this.expected = facts.expected;
    this.got = facts.got;
    this.gone = gone;
  }
}

/** The row is not for this server. */
export class NotApplicable extends Error {
  override readonly name = "NotApplicable";
}

/**
 * Plays one step of a row.
 *
 * @throws Unmet, NotApplicable
 */
export async function playStep(step: Step, known: Known, stage: Stage): Promise<void> {
  if ("send" in step) return playExchange(step, known, stage);
  if ("check" in step) return playCheck(step, known, stage);
  if ("waitMs" in step) return pause(step.waitMs, stage);
  if ("codes" in step) return playCodes(step, known, stage);
  if ("onlyIf" in step) {
    if (!step.onlyIf(known)) throw new NotApplicable(step.otherwise);
    return;
  }
  for (const [name, make] of Object.entries(step.learn)) known.set(name, make(known));
}

async function playExchange(step: Exchange, known: Known, stage: Stage): Promise<void> {
  const replies: RawReply[] = [];
  for (const request of requestsOf(step, known)) {
    const one = () => answer(request, step, stage);
    if (step.atOnce !== undefined) replies.push(...(await allOf(Array.from({ length: step.atOnce }, one))));
    else for (let time = 0; time < (step.times ?? 1); time += 1) replies.push(await one());
  }

  for (const reply of replies) judge(reply, step, known, stage);
  if (step.expect.tally !== undefined) {
    const tally = Object.fromEntries(replies.map(({ status }) => [status, 0]));
    for (const { status } of replies) tally[status] = (tally[status] ?? 0) + 1;
    demand(step.expect.tally, tally, { label: step.send, of: "statuses" }, known, stage);
  }
  const many = [step.atOnce, step.times, step.each].some((repeated) => repeated !== undefined);
  for (const [name, member] of Object.entries(step.keep ?? {})) {
    const values = replies.map((reply) => kept(reply, member));
    known.set(name, many ? values : values[0]);
    for (const value of values) if (typeof value === "string" && member === "token") stage.mask.add(value);
  }
}

/** Waits for all, so that nothing is under way when the first one's failure is told. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

function requestsOf(step: Exchange, known: Known): RawRequest[] {
  if (step.each === undefined) return [requestOf(step, known)];
  return known.list(step.each).map((item) => {
    const own = known.copy();
    own.set("item", item);
    return requestOf(step, own);
  });
}

function requestOf(step: Exchange, known: Known): RawRequest {
  const [method = "", path = ""] = known.fill(step.send).split(" ", 2);
  const body = step.json === undefined ? step.body : JSON.stringify(known.fillAll(step.json));
  return {
    method,
    path,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(step.as !== undefined && { authorization: `Bearer ${known.text(`${step.as}.token`)}` }),
      ...(known.fillAll(step.headers ?? {}) as RawRequest["headers"]),
    },
    ...(body !== undefined && { body: typeof body === "string" && step.json === undefined ? known.fill(body) : body }),
  };
}

/** The answer, after as many waits as the server's rate limit asks for. */
async function answer(request: RawRequest, step: Exchange, stage: Stage): Promise<RawReply> {
  for (let waited = 0; ;) {
    const reply = await ask(request, step, stage);
    stage.heard(step.send, reply);
    if (reply.status !== 429 || step.limited === true) return reply;
    const delay = parseRetryAfter(reply.headers["retry-after"]) ?? 1_000;
    if (waited + delay > patienceMs) return reply;
    await pause(delay, stage);
    waited += delay;
  }
}

async function ask(request: RawRequest, step: Exchange, { send, clock, signal }: Stage): Promise<RawReply> {
  const late = new AbortController();
  const disarm = clock.after(answerMs, () => late.abort());
  try {
    return await send(request, AbortSignal.any([signal, late.signal]));
  } catch (error) {
    signal.throwIfAborted();
    const got = late.signal.aborted ? "none within 30 seconds" : error instanceof WireError ? error.message : undefined;
    if (got === undefined) throw error;
    throw new Unmet({ at: step.send, expected: "an answer", got }, error instanceof WireError && error.gone);
  } finally {
    disarm();
  }
}

function judge(reply: RawReply, step: Exchange, known: Known, stage: Stage): void {
  const { status, headers = {}, json, text }: Expectation = step.expect;
  const statuses = typeof status === "number" ? [status] : status;
  if (statuses !== undefined && !statuses.includes(reply.status)) {
    throw new Unmet({
      at: step.send,
      expected: `status ${statuses.join(" or ")}`,
      got: stage.mask.hide(`${reply.status} ${reply.text}`.trimEnd()),
    });
  }
  for (const [name, pattern] of Object.entries(headers)) {
    demand(pattern, reply.headers[name], { label: step.send, of: name }, known, stage);
  }
  if (text !== undefined) demand(text, reply.text, { label: step.send, of: "body" }, known, stage);
  if (json !== undefined) demand(json, parsed(reply), { label: step.send, of: "body" }, known, stage);
}

function playCheck({ check, of, is }: Check, known: Known, stage: Stage): void {
  demand(is, of(known), { label: check, of: "" }, known, stage);
}

interface Place {
  readonly label: string;
  readonly of: string;
}

function demand(pattern: Pattern, value: unknown, { label, of }: Place, known: Known, { mask, profile }: Stage): void {
  const mismatch = compare(pattern, value, of, { fill: (text) => known.fill(text), profile });
  if (mismatch === undefined) return;
  const { at, expected, got } = mismatch;
  const shown = got === undefined ? "nothing" : JSON.stringify(got);
  throw new Unmet({
    at: at === "" ? label : `${label}, ${at}`,
    expected: mask.hide(expected),
    // A password or a token that stands alone is not known by its name any more.
    got: /\b(password|token)$/.test(at) ? "another value" : mask.hide(shown),
  });
}

/** Codes of the present time step's neighbours, while enough of it is left. */
async function playCodes({ codes }: Codes, known: Known, stage: Stage): Promise<void> {
  const { clock, totpSecret } = stage;
  if (totpSecret === undefined) throw new TypeError("the row needs `totp` and does not say so");
  const left = totpStepMs - (clock.now() % totpStepMs);
  if (left < codeMarginMs) await pause(left + 1_000, stage);
  const now = Math.floor(clock.now() / totpStepMs);
  for (const [name, away] of Object.entries(codes)) known.set(name, totpCode(totpSecret, now + away));
}

function pause(ms: number, { clock, signal }: Stage): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      disarm();
      reject(signal.reason as Error);
    };
    const disarm = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

function kept(reply: RawReply, member: string): unknown {
  if (member === "#text") return reply.text;
  if (member.startsWith("@")) return reply.headers[member.slice(1)];
  const json = parsed(reply);
  if (member === ".") return json;
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>)[member] : undefined;
}

/** The body as JSON. @returns `undefined` where it is none */
export function parsed({ text }: RawReply): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
