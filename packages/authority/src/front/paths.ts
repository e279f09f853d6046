/** The longest path, in characters. */
const longestPath = 2048;

/** Segments of what RFC 3986 (3.3) calls pchar, none of them empty, and perhaps a slash at the end. */
const segments = /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+)*\/?$/;
const dotSegment = /\/\.\.?(?:\/|$)/;
const encoded = /%([0-9A-Fa-f]{2})/g;
/** Slashes would move the borders of segments, controls cut strings, and the rest is never encoded by an honest client. */
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const neverEncoded = /[\w\-.~/\\\u0000-\u001f\u007f]/;

/**
 * Whether a path has the one form that it may come in, so that nobody behind the door reads it differently: no doubled
 * slash, no dot segment, nothing encoded that changes the path or could stand there as it is, ASCII only.
 *
 * @param path as it was sent, without the query
 */
export function isCanonical(path: string): boolean {
  if (path === "" || path.length > longestPath || !segments.test(path) || dotSegment.test(path)) return false;
  for (const [, hex = ""] of path.matchAll(encoded)) {
    if (neverEncoded.test(String.fromCharCode(Number.parseInt(hex, 16)))) return false;
  }
  return true;
}
