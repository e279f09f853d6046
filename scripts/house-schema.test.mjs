import { readFileSync } from "node:fs";
import * as v from "valibot";
import { expect, test } from "vitest";
import { houseSchemaText, schemaPath, toJsonSchema } from "./house-schema.mjs";

test("the published schema of the house file is the one that the authority reads it with", async () => {
  // Where it is not: node scripts/house-schema.mjs
  expect(readFileSync(schemaPath, "utf8")).toBe(await houseSchemaText());
});

test("a schema is said with its optional keys, its checks and its description", () => {
  const schema = v.object({
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.description("a port")),
    mode: v.exactOptional(v.union([v.picklist(["a", "b"]), v.literal("off")])),
  });
  expect(toJsonSchema(schema)).toEqual({
    type: "object",
    properties: {
      port: { type: "integer", minimum: 1, description: "a port" },
      mode: { anyOf: [{ enum: ["a", "b"] }, { const: "off" }] },
    },
    required: ["port"],
    additionalProperties: false,
  });
});

test("a kind of schema that cannot be said is an error", () => {
  expect(() => toJsonSchema(v.date())).toThrow('"date"');
  expect(() => toJsonSchema(v.pipe(v.string(), v.trim()))).toThrow('"trim"');
});
