// Writes packages/authority/house.schema.json, the JSON Schema of the house file, from the schemas that the authority
// reads it with. Run it after a change of those and a build; a test tells when it was forgotten.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import { root } from "./workspace.mjs";

/** Where the schema is published. */
export const schemaPath = join(root, "packages/authority/house.schema.json");

/** @typedef {Record<string, any>} Schema A schema of valibot, or one of its checks, as far as this looks into it. */
/** @typedef {Record<string, unknown>} JsonSchema */

/** The text of the published schema. @returns {Promise<string>} */
export async function houseSchemaText() {
  const { houseSchema } = await import(pathToFileURL(join(root, "packages/authority/dist/house/schema.js")).href);
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Cardea house file",
    ...toJsonSchema(houseSchema),
  };
  return format(JSON.stringify(schema), { parser: "json", printWidth: 120 });
}

/**
 * How each kind of schema is said in JSON Schema. A kind that is not here is an error, so that nothing is lost unseen.
 *
 * @type {Record<string, (schema: Schema) => JsonSchema>}
 */
const kinds = {
  string: () => ({ type: "string" }),
  number: () => ({ type: "number" }),
  boolean: () => ({ type: "boolean" }),
  unknown: () => ({}),
  literal: ({ literal }) => ({ const: literal }),
  picklist: ({ options }) => ({ enum: options }),
  array: ({ item }) => ({ type: "array", items: toJsonSchema(item) }),
  union: ({ options }) => ({ anyOf: options.map(toJsonSchema) }),
  record: ({ value }) => ({ type: "object", additionalProperties: toJsonSchema(value) }),
  exact_optional: ({ wrapped }) => toJsonSchema(wrapped),
  object: ({ entries }) => {
    const required = Object.keys(entries).filter((key) => entries[key].type !== "exact_optional");
    return {
      type: "object",
      properties: Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, toJsonSchema(entry)])),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    };
  },
};

/**
 * How each check is said.
 *
 * @type {Record<string, (action: Schema) => JsonSchema>}
 */
const checks = {
  description: ({ description }) => ({ description }),
  integer: () => ({ type: "integer" }),
  min_value: ({ requirement }) => ({ minimum: requirement }),
  max_value: ({ requirement }) => ({ maximum: requirement }),
  gt_value: ({ requirement }) => ({ exclusiveMinimum: requirement }),
  min_length: ({ requirement }) => ({ minLength: requirement }),
  regex: ({ requirement }) => ({ pattern: requirement.source }),
  // A function: JSON Schema cannot say it, the description does.
  check: () => ({}),
};

/**
 * @param {Schema} schema
 * @returns {JsonSchema}
 */
export function toJsonSchema(schema) {
  const [, ...actions] = schema.pipe ?? [];
  return Object.assign(said(kinds, schema), ...actions.map((/** @type {Schema} */ action) => said(checks, action)));
}

/**
 * @param {Record<string, (thing: Schema) => JsonSchema>} table
 * @param {Schema} thing
 * @returns {JsonSchema}
 */
function said(table, thing) {
  const say = table[thing.type];
  if (say === undefined) throw new TypeError(`there is no way yet to say "${thing.type}" in JSON Schema`);
  return say(thing);
}

if (process.argv[1] === import.meta.filename) writeFileSync(schemaPath, await houseSchemaText());
