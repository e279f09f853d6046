import { including, trueOrFalse, type Pattern } from "../pattern.js";
import type { Check, Exchange, Expectation, Learn } from "../row.js";
import { claimsOf } from "./token.js";

/**
 * The words that rows are made of. An exchange that only prepares something asks for no more than what the row goes on
 * with, so that a fault shows in the rows that are about it and nowhere else.
 */

/** A refusal. Its exact form has rows of its own. */
export const refused = (status: number, code: string): Expectation => ({ status, json: including({ code }) });

export const badRequest = refused(400, "bad_request");
export const unauthorized = refused(401, "unauthorized");
export const forbidden = refused(403, "forbidden");
export const notFound = refused(404, "not_found");
export const conflict = refused(409, "conflict");
export const done: Expectation = { status: 204 };
export const ok: Expectation = { status: 200 };

/** Makes an account: learns `NAME.id` and `NAME.username`. */
export function create(type: "human" | "system", name: string, more: object = {}): Exchange {
  return {
    send: "POST /v1/accounts",
    as: "administrator",
    json: {
      username: `${name}-{{unique}}`,
      account_type: type,
      ...(type === "human" && { password: "{{password}}" }),
      ...more,
    },
    expect: { status: 201, json: including({ username: `${name}-{{unique}}` }) },
    keep: { [`${name}.id`]: "id", [`${name}.username`]: "username" },
  };
}

/** Signs somebody in: learns a token, `NAME.token` where no other name is given. */
export const signIn = (name: string, as = `${name}.token`): Exchange => ({
  send: "POST /v1/auth/login",
  json: { username: `{{${name}.username}}`, password: "{{password}}" },
  expect: ok,
  keep: { [as]: "token" },
});

/** A try to sign in, with a body of its own. */
export const login = (json: object, expect: Expectation): Exchange => ({ send: "POST /v1/auth/login", json, expect });

/** A token for a system account: learns it, `NAME.token` where no other name is given. */
export const issue = (name: string, as = `${name}.token`): Exchange => ({
  send: "POST /v1/token/issue",
  as: "administrator",
  json: { account_id: `{{${name}.id}}` },
  expect: ok,
  keep: { [as]: "token" },
});

export const validates = (token: string, members: Readonly<Record<string, Pattern>> = {}): Exchange => ({
  send: "POST /v1/token/validate",
  json: { token: `{{${token}}}` },
  expect: { status: 200, json: including({ valid: true, ...members }) },
});

export const isInvalid = (token: string): Exchange => ({
  send: "POST /v1/token/validate",
  json: { token: `{{${token}}}` },
  expect: { status: 200, json: including({ valid: false }) },
});

/** Dead means dead at both kinds of door: validation, and a route that wants a token. */
export const isDead = (token: string): Exchange[] => [
  isInvalid(token),
  {
    send: "POST /v1/auth/renew",
    headers: { authorization: `Bearer {{${token}}}` },
    expect: unauthorized,
  },
];

export const setRoles = (name: string, roles: readonly string[], expect = done): Exchange => ({
  send: `PUT /v1/accounts/{{${name}.id}}/roles`,
  as: "administrator",
  json: { roles },
  expect,
});

export const setStatus = (name: string, status: string, expect = ok): Exchange => ({
  send: `PATCH /v1/accounts/{{${name}.id}}`,
  as: "administrator",
  json: { status },
  expect,
});

export const remove = (name: string, expect = done): Exchange => ({
  send: `DELETE /v1/accounts/{{${name}.id}}`,
  as: "administrator",
  expect,
});

export const get = (name: string, expect = ok): Exchange => ({
  send: `GET /v1/accounts/{{${name}.id}}`,
  as: "administrator",
  expect,
});

/** Learns the claims of a token as `NAME.claims`, and those that rows put into paths and patterns one by one. */
export const readClaims = (token: string, as: string): Learn => ({
  learn: {
    [`${as}.claims`]: (known) => claimsOf(known.text(token)),
    [`${as}.jti`]: (known) => claimsOf(known.text(token))["jti"],
  },
});

/** How long a token lives, in hours. */
export const livesHours = (token: string, hours: number): Check => ({
  check: "exp minus iat, in hours",
  of: (known) => {
    const { exp, iat } = claimsOf(known.text(token));
    return (Number(exp) - Number(iat)) / 3600;
  },
  is: hours,
});

/** The members of section 2.1. */
export const account: Readonly<Record<string, Pattern>> = {
  id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  username: /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/,
  account_type: /^(human|system)$/,
  status: /^(active|inactive|deleted)$/,
  created_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  updated_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  totp_enabled: trueOrFalse,
};
