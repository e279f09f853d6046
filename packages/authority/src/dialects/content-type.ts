import type { Inbound } from "../front/exchange.js";

/** The whole header, or it is another type: what is only looked for within it can be hidden behind something else. */
const types = {
  json: /^application\/json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i,
  form: /^application\/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i,
};

/** Whether a request names the content type that is accepted. One that names none may have it. */
export function acceptsTypeOf(accepted: "json" | "form", { headers, repeated }: Inbound): boolean {
  const type = headers["content-type"];
  return type === undefined ? !repeated.has("content-type") : types[accepted].test(type.trim());
}
