import * as mcias from "@cardea/mcias/contract";
import * as extended from "@cardea/mcias/contract/extended";

/** What faults and records know of a wire: the templates of its paths, and how it writes an error. */
export interface WireFacts {
  readonly templates: readonly string[];
  /** The body that the wire itself sends with a status; `undefined` where it has none. */
  errorBody(status: number): string | undefined;
}

interface ErrorTable {
  readonly cases: Readonly<Record<string, { readonly status: number; readonly code: string; readonly text: string }>>;
  readonly envelope: {
    write(refusal: { readonly code: string; readonly text: string; readonly details: {} }): unknown;
  };
}

/** By the name of the mount. A further wire is a further line. */
export const wires: Readonly<Record<string, WireFacts>> = {
  mcias: factsOf({ ...mcias, ...extended }, mcias.mcias),
};

function factsOf(contract: Readonly<Record<string, unknown>>, errors: ErrorTable): WireFacts {
  const templates = Object.values(contract).flatMap((row) => (isRow(row) ? [row.path] : []));
  return {
    templates: [...new Set(templates)],
    errorBody(status) {
      const found = Object.values(errors.cases).find((one) => one.status === status);
      return found === undefined ? undefined : JSON.stringify(errors.envelope.write({ ...found, details: {} }));
    },
  };
}

function isRow(value: unknown): value is { readonly path: string } {
  return typeof value === "object" && value !== null && "route" in value && "path" in value;
}

/** The template that a path is of. A fixed segment wins over a parameter, as on the wires themselves. */
export function templateOf(templates: readonly string[], path: string): string | undefined {
  const segments = path.split("/");
  const fitting = templates.filter((template) => {
    const parts = template.split("/");
    return parts.length === segments.length && parts.every((part, at) => isParameter(part) || part === segments[at]);
  });
  const parameters = (template: string) => template.split("/").filter(isParameter).length;
  return fitting.sort((a, b) => parameters(a) - parameters(b))[0];
}

function isParameter(part: string): boolean {
  return part.startsWith("{");
}
