import { safeParse, type BaseIssue } from "valibot";
import type { WireSchema } from "./parts.js";

/** A value that is not what a schema says: where, and what was expected there. Never what stood there. */
export interface Mismatch {
  readonly path: string;
  readonly expected: string;
}

/** What came out of reading: the value, or why not. */
export type Reading<Value> = { readonly value: Value } | { readonly mismatch: Mismatch };

/**
 * Reads a value of the wire through a schema made of plain objects, then compares what came with what was kept.
 *
 * With `dropped` absent, the first member that the schema does not know is a mismatch (strict). Otherwise `dropped`
 * hears the path of each (lenient).
 */
export function read<Value>(
  schema: WireSchema<Value>,
  input: unknown,
  dropped?: (path: string) => void,
): Reading<Value> {
  const result = safeParse(schema, input, { abortEarly: true });
  if (!result.success) return { mismatch: mismatchOf(result.issues[0]) };
  const lost: string[] = [];
  const shape = compare(input, result.output, "", lost);
  if (shape !== undefined) return { mismatch: shape };
  if (lost[0] !== undefined && dropped === undefined) {
    return { mismatch: { path: lost[0], expected: "no such member" } };
  }
  for (const path of lost) dropped?.(path);
  return { value: result.output };
}

/** Issue texts of the schema library quote the input, so only its path and its expectation are taken. */
function mismatchOf(issue: BaseIssue<unknown>): Mismatch {
  let path = "";
  for (const item of issue.path ?? []) path = join(path, item.key as string | number);
  return { path, expected: issue.expected ?? (issue.type === "check" ? issue.message : "another value") };
}

/**
 * Collects the paths that `kept` lacks. Returns a mismatch where an array came in place of an object: the schema
 * library takes the one for the other.
 */
function compare(came: unknown, kept: unknown, path: string, lost: string[]): Mismatch | undefined {
  if (typeof came !== "object" || came === null || typeof kept !== "object" || kept === null) return undefined;
  if (Array.isArray(came) !== Array.isArray(kept)) return { path, expected: Array.isArray(kept) ? "Array" : "Object" };
  for (const key of Object.keys(came)) {
    const here = join(path, Array.isArray(came) ? Number(key) : key);
    if (!Object.hasOwn(kept, key)) lost.push(here);
    else {
      const inner = compare((came as Record<string, unknown>)[key], (kept as Record<string, unknown>)[key], here, lost);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** Member names come from the other side: only plain ones are shown. */
function join(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  const name = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(key) ? key : "(unknown member)";
  return path === "" ? name : `${path}.${name}`;
}
