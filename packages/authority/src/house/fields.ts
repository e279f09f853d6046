import * as v from "valibot";
import { usernameForm } from "../identity/accounts.js";

/**
 * What sections of the house file have in common. The description of a field is what an error says was expected, and
 * what the published schema tells an editor.
 */

export function wholeNumber(least: number, most: number) {
  return v.pipe(
    v.number(),
    v.integer(),
    v.minValue(least),
    v.maxValue(most),
    v.description(`a whole number from ${least} to ${most}`),
  );
}

export function text(form: RegExp, description: string) {
  return v.pipe(v.string(), v.regex(form), v.description(description));
}

export function oneOf<const Words extends readonly string[]>(words: Words) {
  return v.pipe(v.picklist(words), v.description(`one of ${words.join(", ")}`));
}

const filled = v.pipe(v.string(), v.minLength(1));

/** A text that means something to others than us, such as the name of a service. */
export const name = v.pipe(filled, v.description("a non-empty text"));

export const username = text(usernameForm, "1 to 63 characters of A-Z a-z 0-9 . _ @ -, the first a letter or digit");

export const role = text(
  /^[a-z0-9][a-z0-9._-]{0,62}$/,
  "a role name: 1 to 63 characters of a-z 0-9 . _ -, the first a letter or digit",
);

/** Where a secret comes from. */
export const secretSource = v.pipe(
  v.union([filled, v.object({ file: filled }), v.object({ env: filled }), v.object({ generate: v.literal(true) })]),
  v.description('a text, { "file": PATH }, { "env": VARIABLE } or { "generate": true }'),
);

export type SecretSource = v.InferOutput<typeof secretSource>;
