import { absent, holding, someText } from "../pattern.js";
import type { Exchange, Row, Section } from "../row.js";
import { badRequest, create, login, notFound, signIn, unauthorized } from "./words.js";

/** Sections 1 and 2 of the wire document: what is answered before any operation begins. */

/** Every route that wants a token. */
const guarded = [
  "POST /v1/auth/logout",
  "POST /v1/auth/renew",
  "POST /v1/accounts",
  "GET /v1/accounts",
  "GET /v1/accounts/{{nobody}}",
  "PATCH /v1/accounts/{{nobody}}",
  "DELETE /v1/accounts/{{nobody}}",
  "GET /v1/accounts/{{nobody}}/roles",
  "PUT /v1/accounts/{{nobody}}/roles",
  "POST /v1/token/issue",
  "DELETE /v1/token/{{nobody}}",
  "GET /v1/accounts/{{nobody}}/pgcreds",
  "PUT /v1/accounts/{{nobody}}/pgcreds",
];

const unknown = (...sends: readonly string[]): Exchange[] => sends.map((send) => ({ send, expect: notFound }));

const otherMethods: readonly (readonly [send: string, allowed: string])[] = [
  ["GET /v1/auth/login", "POST"],
  ["GET /v1/auth/logout", "POST"],
  ["PUT /v1/auth/renew", "POST"],
  ["GET /v1/token/validate", "POST"],
  ["POST /v1/health", "GET"],
  ["DELETE /v1/keys/public", "GET"],
  ["DELETE /v1/accounts", "POST"],
  ["PUT /v1/accounts/{{nobody}}", "PATCH"],
  ["PATCH /v1/accounts/{{nobody}}/pgcreds", "PUT"],
  ["POST /v1/token/{{nobody}}", "DELETE"],
];

const notAllowed = ([send, allowed]: readonly [string, string]): Exchange => ({
  send,
  expect: { status: 405, headers: { allow: new RegExp(`(^|, ?)${allowed}(,|$)`) } },
});

/** A token that is good, in a place where it counts for nothing. */
const misplaced = (headers: Exchange["headers"] & object, query = ""): Exchange => ({
  send: `POST /v1/auth/renew${query}`,
  headers,
  expect: unauthorized,
});

const taken = (authorization: string): Exchange => ({
  send: "GET /v1/accounts/{{nobody}}",
  headers: { authorization },
  expect: notFound,
});

const person: Row["steps"] = [create("human", "worker"), signIn("worker")];
const json = /^application\/json(; ?charset=utf-8)?$/i;

export const door: Section = {
  title: "The door: routes, methods, headers",
  rows: [
    {
      item: 46,
      title: "An unknown path is 404, and no token is asked for",
      steps: unknown("GET /", "GET /v1", "GET /v1/unknown", "POST /v1/auth/unknown", "GET /v1/accounts/a/b/c"),
    },
    {
      item: 46,
      title: "A path with a trailing slash is an unknown one",
      steps: unknown("GET /v1/health/", "GET /v1/keys/public/", "POST /v1/auth/login/", "GET /v1/accounts/"),
    },
    {
      item: 46,
      title: "A path with a doubled slash or a dot segment is an unknown one",
      steps: unknown("GET //v1/health", "GET /v1//health", "GET /v1/./health", "GET /v1/x/../health"),
    },
    {
      item: 46,
      title: "Letter case counts in a path",
      steps: unknown("GET /V1/health", "GET /v1/Health", "POST /v1/Auth/login"),
    },
    {
      item: 46,
      title: "Another method is 405 with Allow, and no token is asked for",
      steps: otherMethods.map(notAllowed),
    },
    {
      item: 46,
      title: "A fixed segment wins over an id, for every method",
      steps: (["DELETE /v1/token/validate", "DELETE /v1/token/issue"] as const).map((send) =>
        notAllowed([send, "POST"]),
      ),
    },
    {
      item: 46,
      title: "HEAD is answered like GET, without a body",
      steps: [{ send: "HEAD /v1/health", expect: { status: 200, text: "" } }],
    },
    {
      item: 46,
      title: "A query string means nothing",
      steps: [
        { send: "GET /v1/health?status=sealed", expect: { status: 200 } },
        { send: "GET /v1/unknown?v=1", expect: notFound },
      ],
    },
    {
      item: 46,
      title: "Routes for anyone ignore an Authorization header, garbled or not",
      steps: ["Bearer %%%", "Basic eDp5", "Bearer", "nonsense"].map((authorization) => ({
        send: "GET /v1/health",
        headers: { authorization },
        expect: { status: 200 },
      })),
    },
    {
      item: 46,
      title: "Of two Authorization headers none counts",
      needs: ["administrator"],
      steps: [
        ...person,
        misplaced({ authorization: ["Bearer {{worker.token}}", "Bearer {{worker.token}}"] }),
        misplaced({ authorization: ["Bearer {{worker.token}}", "Basic eDp5"] }),
      ],
    },
    {
      item: 46,
      title: "A token in a cookie, a query or another scheme counts for none",
      needs: ["administrator"],
      steps: [
        ...person,
        misplaced({ cookie: "token={{worker.token}}" }),
        misplaced({}, "?access_token={{worker.token}}"),
        misplaced({}, "?token={{worker.token}}"),
        misplaced({ authorization: "Basic {{worker.token}}" }),
        misplaced({ authorization: "{{worker.token}}" }),
      ],
    },
    {
      item: 46,
      title: "The scheme is read in any letter case, with one blank or more",
      needs: ["administrator"],
      steps: ["Bearer", "bearer", "BEARER", "Bearer  "].map((scheme) => taken(`${scheme} {{administrator.token}}`)),
    },
    {
      item: 46,
      title: "Bodies on GET and DELETE mean nothing",
      needs: ["administrator"],
      steps: ["GET /v1/accounts/{{nobody}}", "DELETE /v1/token/{{nobody}}"].map((send) => ({
        send,
        as: "administrator",
        body: "{",
        headers: { "content-type": "text/plain" },
        expect: notFound,
      })),
    },
    {
      item: 29,
      title: "Every guarded route answers 401 to a call without a token",
      steps: guarded.map((send) => ({ send, expect: unauthorized })),
    },
    {
      item: 29,
      title: "Without a token it is 401 also where the body is bad",
      steps: guarded
        .filter((send) => /^(POST|PUT|PATCH)/.test(send))
        .map((send) => ({ send, body: "{", expect: unauthorized })),
    },
    {
      item: 26,
      title: "A token that is none is 401 at every guarded route",
      steps: guarded.map((send) => ({ send, headers: { authorization: "Bearer a.b.c" }, expect: unauthorized })),
    },
    {
      item: 38,
      title: "A refusal has exactly the members error and code",
      steps: [
        { send: "GET /v1/unknown", expect: { status: 404, json: { error: someText, code: "not_found" } } },
        { send: "PUT /v1/health", expect: { status: 405, json: { error: someText, code: "method_not_allowed" } } },
        { send: "GET /v1/accounts", expect: { status: 401, json: { error: someText, code: "unauthorized" } } },
        {
          send: "POST /v1/token/validate",
          body: "{",
          expect: { status: 400, json: { error: someText, code: "bad_request" } },
        },
      ],
    },
    {
      item: 38,
      title: "Every answer with a body is application/json, refusals too",
      steps: ["GET /v1/health", "GET /v1/keys/public", "GET /v1/unknown", "GET /v1/auth/login", "GET /v1/accounts"].map(
        (send) => ({ send, expect: { headers: { "content-type": json } } }),
      ),
    },
    {
      item: 38,
      title: "204 has neither a body nor a content type",
      needs: ["administrator"],
      steps: [
        ...person,
        {
          send: "POST /v1/auth/logout",
          as: "worker",
          expect: { status: 204, text: "", headers: { "content-type": absent } },
        },
      ],
    },
    {
      item: 39,
      title: "401 carries WWW-Authenticate: Bearer",
      steps: [
        ...["GET /v1/accounts", "POST /v1/auth/renew"].map((send) => ({
          send,
          expect: { status: 401, headers: { "www-authenticate": /^Bearer\b/i } },
        })),
        login(
          { username: "nobody-{{unique}}", password: "not the password" },
          { status: 401, headers: { "www-authenticate": /^Bearer\b/i } },
        ),
      ],
    },
    {
      item: 38,
      title: "Health is exactly its status",
      steps: [{ send: "GET /v1/health", expect: { status: 200, json: { status: "ok" } } }],
    },
    {
      item: 28,
      title: "The public key has exactly kty, crv and x, 32 bytes of Ed25519",
      steps: [
        {
          send: "GET /v1/keys/public",
          expect: { status: 200, json: { kty: "OKP", crv: "Ed25519", x: /^[A-Za-z0-9_-]{43}$/ } },
        },
      ],
    },
    {
      item: 39,
      title: "Answers with a token or database credentials are not to be stored",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        create("system", "robot"),
        { ...signIn("worker"), expect: { status: 200, headers: { "cache-control": holding("no-store") } } },
        {
          send: "POST /v1/auth/renew",
          as: "worker",
          expect: { status: 200, headers: { "cache-control": holding("no-store") } },
        },
        {
          send: "POST /v1/token/issue",
          as: "administrator",
          json: { account_id: "{{robot.id}}" },
          expect: { status: 200, headers: { "cache-control": holding("no-store") } },
        },
        {
          send: "PUT /v1/accounts/{{robot.id}}/pgcreds",
          as: "administrator",
          json: { host: "db.example.com", port: 5432, database: "d", username: "u", password: "{{password}}" },
          expect: { status: 204 },
        },
        {
          send: "GET /v1/accounts/{{robot.id}}/pgcreds",
          as: "administrator",
          expect: { status: 200, headers: { "cache-control": holding("no-store") } },
        },
      ],
    },
    {
      item: 27,
      title: "A malformed body of validate is 400: only tokens are never an error",
      steps: ["{", "[]", '"x"', '{"token":1}', '{"token":["x"]}', '{"token":"x","more":1}'].map((body) => ({
        send: "POST /v1/token/validate",
        body,
        expect: badRequest,
      })),
    },
  ],
};
