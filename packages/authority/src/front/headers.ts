/** The headers of a request, each name once. */
export interface ReadHeaders {
  /** Lower-case names. One that came more than once is not here. */
  readonly headers: Readonly<Record<string, string>>;
  /** The names that came more than once. */
  readonly repeated: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/**
 * Reads names and values in turn, as Node's `rawHeaders` has them. Node's own table takes the first of some headers,
 * the last of others and joins the rest: two readers would then see two requests.
 */
export function readHeaders(raw: readonly string[]): ReadHeaders {
  const headers = Object.create(null) as Record<string, string>;
  let repeated: Set<string> | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    if (name in headers) (repeated ??= new Set()).add(name);
    headers[name] = raw[at + 1] ?? "";
  }
  for (const name of repeated ?? none) Reflect.deleteProperty(headers, name);
  return { headers, repeated: repeated ?? none };
}

/** Every value of one header in the order that they came, for the few headers that are lists. */
export function valuesOf(raw: readonly string[], name: string): readonly string[] {
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name);
}
