/** The longest query, in characters. */
export const longestQuery = 8192;

/** How many parameters a query or a form may have. */
export const mostParameters = 100;

/** What came out of reading: the parameters by name, or why not. */
export type Parameters =
  | { readonly values: Readonly<Record<string, string>> }
  | { readonly problem: "repeated_parameter" | "too_many_parameters"; readonly text: string };

/**
 * Reads a query, or the body of a form. A name that comes twice, in whatever spelling, is a problem: one reader would
 * take the first and another the last.
 */
export function readParameters(encoded: string): Parameters {
  const values = Object.create(null) as Record<string, string>;
  if (encoded === "") return { values };
  let count = 0;
  for (const [name, value] of new URLSearchParams(encoded)) {
    if (name in values) return { problem: "repeated_parameter", text: "a parameter came more than once" };
    count += 1;
    if (count > mostParameters) {
      return { problem: "too_many_parameters", text: `more than ${mostParameters} parameters` };
    }
    values[name] = value;
  }
  return { values };
}
