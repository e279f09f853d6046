import type { WireSchema } from "@cardea/core";
import type { Mismatch } from "@cardea/core/serve";
import { getDescription, type GenericSchema } from "valibot";

/** What a schema may have inside. */
interface Inner {
  readonly wrapped?: WireSchema;
  readonly entries?: Readonly<Record<string, WireSchema>>;
  readonly item?: WireSchema;
  readonly options?: readonly unknown[];
}

/** What `read` says of a member that no schema kept. */
const dropped = "no such member";

/** Says what is wrong with a place, in the words of the field's own description where it has one. */
export function explain(schema: WireSchema, { path, expected }: Mismatch): string {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== "");
  const place = keys.reduce<WireSchema | undefined>((at, key) => at && member(at, key), schema);
  if (place === undefined || expected === dropped) return `${path}: there is no such key`;
  const text = descriptionOf(place) ?? expected;
  return path === "" ? `expected ${text}` : `${path}: expected ${text}`;
}

function member(schema: WireSchema, key: string): WireSchema | undefined {
  const { wrapped, entries, item, options } = schema as Inner;
  if (wrapped !== undefined) return member(wrapped, key);
  if (entries !== undefined) return Object.hasOwn(entries, key) ? entries[key] : undefined;
  if (item !== undefined) return item;
  const schemas = (options ?? []).filter((option): option is WireSchema => typeof option === "object");
  return schemas.map((option) => member(option, key)).find((found) => found !== undefined);
}

function descriptionOf(schema: WireSchema): string | undefined {
  const { wrapped } = schema as Inner;
  return wrapped === undefined ? getDescription(schema as GenericSchema) : descriptionOf(wrapped);
}
