import { Secret } from "@cardea/core";

/** RFC 6750, 2.1. A line break in a token would start another header. */
const tokenText = /^[A-Za-z0-9._~+/=-]+$/;

/** No longer token is valid (wire document, 2.3). */
const longestToken = 8192;

/** Whether a server could take this for a token at all. */
export function mayBeToken(text: string): boolean {
  return text.length <= longestToken && tokenText.test(text);
}

/** The value of `Authorization`. @throws TypeError, without the value, for characters that no token has */
export function bearerOf(token: Secret): Secret {
  if (!tokenText.test(token.expose())) {
    throw new TypeError("the token holds characters that no token has: give it alone, as it was issued");
  }
  return Secret.of(`Bearer ${token.expose()}`);
}
