/** No server's wish is taken for longer than a day. */
const longestMs = 86_400_000;

/**
 * How long a `Retry-After` header asks to wait, in milliseconds, at most a day (RFC 9110, 10.2.3).
 *
 * Read strictly: whole seconds, or a date in the one form that senders may write. Anything else is as if it were not
 * there, and so is a date where `now` is not given.
 *
 * @param now milliseconds since the epoch
 */
export function parseRetryAfter(value: string | undefined, now?: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, longestMs);
  const at = Date.parse(value);
  // `Date.parse` reads much that is no HTTP date. What it writes back tells.
  if (now === undefined || Number.isNaN(at) || new Date(at).toUTCString() !== value) return undefined;
  return Math.min(Math.max(0, at - now), longestMs);
}
