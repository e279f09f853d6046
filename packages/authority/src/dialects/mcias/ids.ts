/** Section 1: sent in lower case, accepted in any. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
}

/** The id of a path as it is stored; one that is no UUID belongs to nobody. */
export function idFrom(text: string): string | undefined {
  return isUuid(text) ? text.toLowerCase() : undefined;
}
