/** A run of ids without a gap, both ends included. */
export interface IdRange {
  readonly first: number;
  readonly last: number;
}

/** Ids in rising order as ranges, such as `1-40,42`. */
export function writeIds(ids: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const id of ids) {
    const open = ranges.at(-1);
    if (open !== undefined && open.last === id - 1) open.last = id;
    else ranges.push({ first: id, last: id });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** @returns nothing where the text is not what `writeIds` writes */
export function readIds(text: string): IdRange[] | undefined {
  const ranges: IdRange[] = [];
  for (const part of text.split(",")) {
    const found = /^([1-9]\d{0,15})(?:-([1-9]\d{0,15}))?$/.exec(part);
    if (found === null) return undefined;
    const first = Number(found[1]);
    const last = Number(found[2] ?? found[1]);
    if (last < first || first <= (ranges.at(-1)?.last ?? 0)) return undefined;
    ranges.push({ first, last });
  }
  return ranges;
}

/** Ranges of any order, in rising order and with those that touch made one. */
export function mergeRanges(ranges: readonly IdRange[]): IdRange[] {
  const merged: { first: number; last: number }[] = [];
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const open = merged.at(-1);
    if (open !== undefined && first <= open.last + 1) open.last = Math.max(open.last, last);
    else merged.push({ first, last });
  }
  return merged;
}

export function isWithin(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ first, last }) => first <= id && id <= last);
}
