import * as v from "valibot";

/** The forms of single values (wire document, 1 and 2.2), for every row that has one of them. */

export const filled = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check((text) => text !== "", "a non-empty string"),
);
export const upTo1024Bytes = /* @__PURE__ */ v.pipe(
  filled,
  v.check((text) => bytesOf(text) <= 1024, "at most 1024 bytes"),
);
export const username = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check(
    (text) => /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/.test(text),
    "1 to 63 characters of A-Z a-z 0-9 . _ @ -, the first a letter or digit",
  ),
);
export const newPassword = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check((text) => bytesOf(text) >= 12 && bytesOf(text) <= 1024, "12 to 1024 bytes"),
);
export const role = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check(
    (text) => /^[a-z0-9][a-z0-9._-]{0,62}$/.test(text),
    "a role name: 1 to 63 characters of a-z 0-9 . _ -, the first a letter or digit",
  ),
);
export const uuid = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check((text) => /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text), "a UUID"),
);
export const time = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check(
    (text) =>
      /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text)),
    "an RFC 3339 time",
  ),
);
export const totpCode = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check((text) => /^([0-9]{6})?$/.test(text), "6 digits"),
);
export const nothing = /* @__PURE__ */ v.optional(v.object({}));

/** Bytes of UTF-8. */
function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** 2.1 */
export const TokenResponse = /* @__PURE__ */ v.object({ token: filled, expires_at: time });
