import { InputError } from "../errors.js";
import type { HttpRequest } from "../http.js";
import type { Operation, Target } from "./operation.js";

/** The parts of an input, whatever its row: what the types of a row promise. */
interface Parts {
  readonly path?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string | undefined>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Writes the request of an operation. @throws InputError where a path part is empty or would change the path */
export function encodeRequest(op: Operation<never, unknown>, input: Parts, target: Target): HttpRequest {
  const headers: Record<string, string> = { accept: "application/json" };
  for (const [name, value] of Object.entries(input.headers ?? {})) if (value !== undefined) headers[name] = value;
  if (target.credential !== undefined && op.caller !== "anyone") {
    headers["authorization"] = headerValue(target.credential.expose());
  }
  const body = bodyOf(input, headers);
  const query = formOf(input.query ?? {});
  return {
    method: op.method,
    url: target.baseUrl + fill(op.path, input.path ?? {}) + (query === "" ? "" : `?${query}`),
    headers,
    ...(body === undefined ? {} : { body }),
    route: op.route,
    repeat: op.repeat,
    limits: op.wired.limits,
  };
}

function bodyOf(input: Parts, headers: Record<string, string>): string | undefined {
  if (input.json !== undefined) {
    headers["content-type"] = "application/json";
    return JSON.stringify(input.json);
  }
  if (input.form !== undefined) {
    headers["content-type"] = "application/x-www-form-urlencoded";
    return formOf(input.form);
  }
  return undefined;
}

function formOf(values: Readonly<Record<string, string | undefined>>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) form.append(name, value);
  return form.toString();
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = values[name];
    // An empty part or a dot segment would name another resource: a deletion of one account must never become one of all.
    if (value === undefined || value === "" || value === "." || value === "..") {
      throw new InputError(`${template}: ${name} must be a non-empty path part`);
    }
    return encodeURIComponent(value);
  });
}

/** A line break in a credential would start another header, so only what RFC 6750 allows gets through. */
function headerValue(value: string): string {
  if (!/^[A-Za-z]+ [A-Za-z0-9._~+/=-]+$/.test(value)) {
    throw new InputError(
      "the credential holds characters that no token has",
      "Pass the token alone, as it was issued.",
    );
  }
  return value;
}
