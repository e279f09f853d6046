/**
 * What a value should be, as data: a literal (with `{{names}}`), a RegExp, a list of as many, an object with exactly
 * these members, or one of the matchers below.
 */
export type Pattern =
  string | number | boolean | null | RegExp | Matcher | readonly Pattern[] | { readonly [member: string]: Pattern };

/** Where a value is not what it should be. */
export interface Mismatch {
  /** Such as `roles[0]`; empty for the whole value. */
  readonly at: string;
  readonly expected: string;
  readonly got: unknown;
}

/** What patterns are read with. */
export interface Setting {
  /** Puts in what the row knows. */
  fill(text: string): string;
  readonly profile: "seed" | "extended";
}

type Test = (value: unknown, at: string, setting: Setting) => Mismatch | undefined;

/** A pattern that is no literal. */
export class Matcher {
  readonly test: Test;
  constructor(test: Test) {
    this.test = test;
  }
}

const when = (expected: string, holds: (value: unknown) => boolean): Matcher =>
  new Matcher((value, at) => (holds(value) ? undefined : { at, expected, got: value }));

/** Any text but an empty one. */
export const someText = when("a text", (value) => typeof value === "string" && value !== "");

export const trueOrFalse = when("true or false", (value) => typeof value === "boolean");

/** A number no smaller than this. */
export const atLeast = (least: number): Matcher =>
  when(`${least} or more`, (value) => typeof value === "number" && value >= least);

/** Not there. */
export const absent = when("nothing", (value) => value === undefined);

/** A text that holds this one. */
export const holding = (part: string): Matcher =>
  when(`a text with ${part}`, (value) => typeof value === "string" && value.includes(part));

/** Another value than the one with this name. */
export const differentFrom = (template: string): Matcher =>
  new Matcher((value, at, { fill }) =>
    value !== fill(template) ? undefined : { at, expected: `another than ${template}`, got: value },
  );

/** An object that has these members and maybe others. */
export const including = (members: Readonly<Record<string, Pattern>>): Matcher =>
  new Matcher((value, at, setting) => {
    if (!isObject(value)) return { at, expected: "an object", got: value };
    return first(Object.entries(members), ([name, pattern]) => compare(pattern, value[name], join(at, name), setting));
  });

/** A list of any length in which every item is so. */
export const listOf = (pattern: Pattern): Matcher =>
  new Matcher((value, at, setting) =>
    Array.isArray(value)
      ? first([...value.entries()], ([index, item]) => compare(pattern, item, `${at}[${index}]`, setting))
      : { at, expected: "a list", got: value },
  );

class ExtendedMember extends Matcher {}

/** A member that the extended profile has and the seed profile has not. */
export const extendedOnly = (pattern: Pattern): Matcher =>
  new ExtendedMember((value, at, setting) => compare(pattern, value, at, setting));

/** @returns the first place where the value is not as the pattern says */
export function compare(pattern: Pattern, value: unknown, at: string, setting: Setting): Mismatch | undefined {
  if (pattern instanceof Matcher) return pattern.test(value, at, setting);
  if (pattern instanceof RegExp) {
    return typeof value === "string" && pattern.test(value)
      ? undefined
      : { at, expected: `a text like ${pattern.toString()}`, got: value };
  }
  if (Array.isArray(pattern)) return compareList(pattern as readonly Pattern[], value, at, setting);
  if (typeof pattern === "object" && pattern !== null) {
    return compareObject(pattern as Readonly<Record<string, Pattern>>, value, at, setting);
  }
  const wanted = typeof pattern === "string" ? setting.fill(pattern) : pattern;
  return wanted === value ? undefined : { at, expected: JSON.stringify(wanted), got: value };
}

function compareList(pattern: readonly Pattern[], value: unknown, at: string, setting: Setting) {
  if (!Array.isArray(value) || value.length !== pattern.length) {
    return { at, expected: `a list of ${pattern.length}`, got: value };
  }
  return first([...pattern.entries()], ([index, item]) => compare(item, value[index], `${at}[${index}]`, setting));
}

function compareObject(
  pattern: Readonly<Record<string, Pattern>>,
  value: unknown,
  at: string,
  setting: Setting,
): Mismatch | undefined {
  const members = Object.entries(pattern).filter(
    ([, member]) => !(member instanceof ExtendedMember) || setting.profile === "extended",
  );
  const names = members.map(([name]) => name);
  const found = isObject(value) ? Object.keys(value) : [];
  if (!isObject(value) || found.length !== names.length || names.some((name) => !Object.hasOwn(value, name))) {
    const expected = names.length === 0 ? "an object without members" : `exactly the members ${names.join(", ")}`;
    return { at, expected, got: value };
  }
  return first(members, ([name, member]) => compare(member, value[name], join(at, name), setting));
}

function first<Item>(items: readonly Item[], find: (item: Item) => Mismatch | undefined): Mismatch | undefined {
  for (const item of items) {
    const mismatch = find(item);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

const join = (at: string, name: string) => (at === "" ? name : `${at}.${name}`);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
