/** What a column takes and gives. Truths are 0 and 1; integers beyond 2^53 are refused in both directions. */
export type ColumnValue = null | number | string | Uint8Array;

/**
 * The value as it is, where every database stores it as it is. One takes a missing value for NULL, one ends a text at
 * its first NUL, one writes objects as JSON: all of that is refused here.
 *
 * @throws TypeError that names the place and never the value
 */
export function checkedParameter(value: unknown, index: number): ColumnValue {
  if (value === null || value instanceof Uint8Array) return value;
  if (typeof value === "string" && !value.includes("\0")) return value;
  if (typeof value === "number" && Number.isFinite(value)) {
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  }
  throw new TypeError(`SQL parameter ${index + 1}: expected null, bytes, text without NUL, or a safe number`);
}
