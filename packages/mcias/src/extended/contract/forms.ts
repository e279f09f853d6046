import * as v from "valibot";
import { filled, uuid } from "../../forms.js";

/** The forms of single values that only the wire beyond the seed has. */

const tag = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check(
    (text) => /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/.test(text),
    "a tag: 1 to 128 characters of A-Z a-z 0-9 . _ : / @ -, the first a letter or digit",
  ),
);
export const tagSet = /* @__PURE__ */ v.pipe(
  v.array(tag),
  v.check((tags) => tags.length <= 64, "at most 64 tags"),
);

/** A text for people. */
export const label = /* @__PURE__ */ v.pipe(
  filled,
  v.check((text) => text.length <= 200, "at most 200 characters"),
);

/** A list of names that a rule may ask for. Empty: it asks for none. */
export const names = /* @__PURE__ */ v.pipe(
  v.array(filled),
  v.check((list) => list.length <= 64, "at most 64 names"),
);

/** Bytes in base64url without padding. */
export const base64url = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check((text) => /^[A-Za-z0-9_-]+$/.test(text), "base64url"),
);

export const sixDigits = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check((text) => /^[0-9]{6}$/.test(text), "6 digits"),
);

export const nullableUuid = /* @__PURE__ */ v.nullable(uuid);

/** A whole number in a query. */
export function count(least: number, most: number) {
  return v.pipe(
    v.string(),
    v.check(
      (text) => /^[0-9]{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most,
      `a whole number from ${least} to ${most}`,
    ),
  );
}
