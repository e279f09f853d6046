import type { Exchange, Expectation, Section, Step } from "../row.js";
import { badRequest, create, forbidden, notFound, signIn } from "./words.js";

/** Section 1 of the wire document, the order of checks: 401, 403, 400, 404. */

const creds = { host: "db.example.com", port: 5432, database: "d", username: "u", password: "{{password}}" };

/** Every route that only an administrator may use, with a good body and a bad one. */
const routes: readonly { readonly send: string; readonly good?: object; readonly bad?: object }[] = [
  {
    send: "POST /v1/accounts",
    good: { username: "precedence-{{unique}}", account_type: "system" },
    bad: { username: 1, account_type: "system" },
  },
  { send: "GET /v1/accounts" },
  { send: "GET /v1/accounts/{{nobody}}" },
  { send: "PATCH /v1/accounts/{{nobody}}", good: { status: "inactive" }, bad: { status: "deleted" } },
  { send: "DELETE /v1/accounts/{{nobody}}" },
  { send: "GET /v1/accounts/{{nobody}}/roles" },
  { send: "PUT /v1/accounts/{{nobody}}/roles", good: { roles: [] }, bad: { roles: "admin" } },
  { send: "POST /v1/token/issue", good: { account_id: "{{nobody}}" }, bad: { account_id: "x" } },
  { send: "DELETE /v1/token/{{nobody}}" },
  { send: "GET /v1/accounts/{{nobody}}/pgcreds" },
  { send: "PUT /v1/accounts/{{nobody}}/pgcreds", good: creds, bad: {} },
];

const as = (who: string, send: string, json: object | undefined, expect: Expectation): Exchange => ({
  send,
  as: who,
  ...(json !== undefined && { json }),
  expect,
});

const person: readonly Step[] = [create("human", "worker"), signIn("worker")];

export const administration: Section = {
  title: "The order of refusals on administrators' routes",
  rows: [
    {
      item: 29,
      title: "403 for who is no administrator, also with a bad body",
      needs: ["administrator"],
      steps: [
        ...person,
        ...routes.flatMap(({ send, good, bad }) => [
          as("worker", send, good, forbidden),
          ...(bad === undefined ? [] : [as("worker", send, bad, forbidden)]),
        ]),
      ],
    },
    {
      item: 29,
      title: "400 for a bad body before 404 for an id that nobody has",
      needs: ["administrator"],
      steps: routes.flatMap(({ send, bad }) => (bad === undefined ? [] : [as("administrator", send, bad, badRequest)])),
    },
    {
      item: 29,
      title: "404 for an id that nobody has",
      needs: ["administrator"],
      steps: routes.flatMap(({ send, good }) =>
        send.endsWith("/v1/accounts") ? [] : [as("administrator", send, good, notFound)],
      ),
    },
    {
      item: 29,
      title: "404 for an id in a path that is no UUID",
      needs: ["administrator"],
      steps: ["not-a-uuid", "1", "ffffffff-ffff-ffff-ffff-fffffffffffg"].flatMap((id) =>
        ["", "/roles", "/pgcreds"].map((rest) =>
          as("administrator", `GET /v1/accounts/${id}${rest}`, undefined, notFound),
        ),
      ),
    },
  ],
};
