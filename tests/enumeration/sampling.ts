import { randomInt } from "node:crypto";
import { systemClock } from "@cardea/core";
import { attemptOf, causes, namesEach, type Attempt, type CauseName } from "./causes.js";
import { criticalScore, leastShift, medianErrorOf, medianOf, powerOf, rankScore } from "./ranks.js";

/** Tries to log in, and resolves with the answer. A wrong answer is an error: it would be no sample. */
export type Door = (attempt: Attempt) => Promise<void>;

/** What is told apart: a name, and a request whose time is taken. */
export interface Contender {
  readonly name: string;
  ask(turn: number): Promise<void>;
}

export function contender(cause: CauseName, door: Door, name: string = cause): Contender {
  return { name, ask: (turn) => door(attemptOf(cause, turn)) };
}

export function contenders(door: Door): Contender[] {
  return causes.map((cause) => contender(cause, door));
}

export type Samples = ReadonlyMap<string, readonly number[]>;

/**
 * Milliseconds of each contender's answers, one of each in turn and each turn in another order, so that whatever the
 * machine does meanwhile happens to all of them alike.
 */
export async function takeSamples(all: readonly Contender[], perClass: number): Promise<Samples> {
  const samples = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  // The first turns make rows in the ledger and warm everything up: they are not kept.
  for (let turn = -2 * namesEach; turn < perClass; turn += 1) {
    for (const { name, ask } of shuffled(all)) {
      const begun = systemClock.elapsed();
      await ask(turn + 2 * namesEach);
      const took = systemClock.elapsed() - begun;
      if (turn >= 0) samples.get(name)?.push(took);
    }
  }
  return samples;
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const rest = [...items];
  return items.map(() => rest.splice(randomInt(rest.length), 1)[0] as Item);
}

/** Takes samples until the spread that they show allows the power that is wanted; on a machine that is too busy it gives up. */
async function takeEnough(all: readonly Contender[], rules: Rules): Promise<Samples> {
  let samples: Samples = new Map();
  for (let portion = 0; portion < mostPortions; portion += 1) {
    const before = samples;
    const fresh = await takeSamples(all, rules.perClass);
    samples = new Map([...fresh].map(([name, taken]) => [name, [...(before.get(name) ?? []), ...taken]]));
    // How much is taken depends on the spread of one class and on no difference, so it favours no verdict.
    if (judge(samples, 0, rules).power >= enough) break;
  }
  return samples;
}

const mostPortions = 3;
/** Twice in a row it is still more than 0.99. */
const enough = 0.995;

export interface Rules {
  /** Samples of each class; on a busy machine as many again, and once more. */
  readonly perClass: number;
  /** The chance that one try finds a difference where there is none, all classes together. */
  readonly level: number;
  /** How far the medians may be apart, as a share of what a hash takes, beyond what chance alone does. */
  readonly medianBound: number;
  /** A difference in milliseconds that must be found. */
  readonly mustFindMs: number;
}

export interface Judgement {
  /** The classes that can be told from the first. */
  readonly told: readonly string[];
  /** The chance that a difference of `mustFindMs` is found, from the spread that was seen. */
  readonly power: number;
  /** For people to read. */
  readonly report: string;
}

/** Compares every class with the first: by ranks, each at its share of the level, and by medians. */
export function judge(samples: Samples, hashMs: number, rules: Rules): Judgement {
  const [[baseName, base] = ["", []], ...others] = samples;
  const { mustFindMs } = rules;
  const perClass = base.length;
  const level = rules.level / others.length;
  const critical = criticalScore(level);
  const rows = others.map(([name, sample]) => {
    const score = rankScore(sample, base);
    const apart = medianOf(sample) - medianOf(base);
    const bound = rules.medianBound * hashMs + critical * Math.hypot(medianErrorOf(sample), medianErrorOf(base));
    return { name, score, apart, told: Math.abs(score) > critical || Math.abs(apart) > bound };
  });
  const power = powerOf(base, { shift: mustFindMs, perClass, level });
  const least = leastShift(base, { wanted: 0.99, perClass, level });
  const report = [
    `${perClass} samples a class; ${baseName}: median ${ms(medianOf(base))}; a hash: ${ms(hashMs)}`,
    `found with probability 0.99: ${ms(least)}; ${ms(mustFindMs)} is found with probability ${power.toFixed(4)}`,
    `told apart beyond a rank score of ${critical.toFixed(2)}, or by medians ${ms(rules.medianBound * hashMs)} beyond chance`,
    ...rows.map(
      ({ name, score, apart, told }) =>
        `  ${name.padEnd(24)} score ${score.toFixed(2).padStart(7)}  median ${ms(apart).padStart(10)}${told ? "  TOLD APART" : ""}`,
    ),
  ].join("\n");
  return { told: rows.filter(({ told }) => told).map(({ name }) => name), power, report };
}

/**
 * Judges once, and where a class seems to be told apart, once more with fresh samples: it is told apart only where both
 * say so. A false alarm then needs the same class twice, so its chance falls from `level` to below `level` squared; a
 * difference that is found with probability p is found with p squared.
 */
export async function judgeTwice(all: readonly Contender[], hashMs: number, rules: Rules): Promise<Judgement> {
  const first = judge(await takeEnough(all, rules), hashMs, rules);
  if (first.told.length === 0) return first;
  const second = judge(await takeEnough(all, rules), hashMs, rules);
  return {
    told: second.told.filter((name) => first.told.includes(name)),
    power: first.power * second.power,
    report: `${first.report}\nagain:\n${second.report}`,
  };
}

/** Whether a fault that was planted is found, in one of three tries: one is enough on a machine that is left alone. */
export async function finds(
  pair: readonly [Contender, Contender],
  hashMs: number,
  rules: Rules,
): Promise<{ readonly found: boolean; readonly report: string }> {
  const reports: string[] = [];
  for (let tries = 0; tries < 3; tries += 1) {
    const { told, report } = judge(await takeSamples(pair, rules.perClass), hashMs, rules);
    reports.push(report);
    if (told.length > 0) return { found: true, report };
  }
  return { found: false, report: reports.join("\nagain:\n") };
}

function ms(value: number): string {
  return `${value.toFixed(3)} ms`;
}
