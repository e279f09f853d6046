/** Something that is reached by a method and a path template such as `/v1/accounts/{id}`. */
export interface Route<Target> {
  readonly method: string;
  readonly path: string;
  readonly target: Target;
}

/** Where a request leads. */
export type Match<Target> =
  | { readonly target: Target; readonly parts: Readonly<Record<string, string>> }
  /** The path is known, the method is not: what `Allow` says. */
  | { readonly allow: readonly string[] }
  | undefined;

export type Router<Target> = (method: string, path: string) => Match<Target>;

interface Node<Target> {
  readonly fixed: Map<string, Node<Target>>;
  any: Node<Target> | undefined;
  readonly methods: Map<string, Leaf<Target>>;
}

interface Leaf<Target> {
  readonly target: Target;
  /** What the template calls its parts, from left to right. */
  readonly names: readonly string[];
}

const template = /^\{(.+)\}$/;

/**
 * Routes by whole segments. Where a fixed path and a template both fit, the fixed one is meant, for every method: a
 * method that it lacks is not looked for in the template.
 *
 * @throws TypeError where two routes are the same
 */
export function createRouter<Target>(routes: readonly Route<Target>[]): Router<Target> {
  const root = node<Target>();
  for (const route of routes) add(root, route);
  return (method, path) => {
    const taken: string[] = [];
    const found = find(root, path.split("/"), 1, taken);
    if (found === undefined) return undefined;
    const leaf = found.methods.get(method);
    if (leaf === undefined) return { allow: allowed(found.methods.keys()) };
    const parts = decoded(leaf.names, taken);
    return parts && { target: leaf.target, parts };
  };
}

function node<Target>(): Node<Target> {
  return { fixed: new Map(), any: undefined, methods: new Map() };
}

function add<Target>(root: Node<Target>, { method, path, target }: Route<Target>): void {
  const names: string[] = [];
  let here = root;
  for (const segment of path.split("/").slice(1)) {
    const name = template.exec(segment)?.[1];
    let next = name === undefined ? here.fixed.get(segment) : here.any;
    if (next === undefined) {
      next = node();
      if (name === undefined) here.fixed.set(segment, next);
      else here.any = next;
    }
    if (name !== undefined) names.push(name);
    here = next;
  }
  if (here.methods.has(method)) throw new TypeError(`two routes are ${method} ${path}`);
  here.methods.set(method, { target, names });
}

/** The node of the most fixed path that fits; `taken` then holds what stands where it has templates. */
function find<Target>(
  here: Node<Target>,
  segments: readonly string[],
  at: number,
  taken: string[],
): Node<Target> | undefined {
  const segment = segments[at];
  if (segment === undefined) return here.methods.size > 0 ? here : undefined;
  const fixed = here.fixed.get(segment);
  const found = fixed && find(fixed, segments, at + 1, taken);
  if (found !== undefined || here.any === undefined || segment === "") return found;
  taken.push(segment);
  const other = find(here.any, segments, at + 1, taken);
  if (other === undefined) taken.pop();
  return other;
}

/** `HEAD` is answered wherever `GET` is. */
function allowed(methods: Iterable<string>): readonly string[] {
  return [...methods].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
}

/** Undefined where a part is not UTF-8: nothing can have such a name. */
function decoded(names: readonly string[], taken: readonly string[]): Record<string, string> | undefined {
  try {
    return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(taken[at] ?? "")]));
  } catch {
    return undefined;
  }
}
