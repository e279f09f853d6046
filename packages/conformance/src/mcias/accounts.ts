import { differentFrom, including, listOf, type Pattern } from "../pattern.js";
import type { Exchange, Expectation, Section, Step } from "../row.js";
import { claimsOf } from "./token.js";
import {
  account,
  badRequest,
  conflict,
  create,
  done,
  get,
  isInvalid,
  notFound,
  ok,
  remove,
  setRoles,
  setStatus,
  signIn,
} from "./words.js";

/** Sections 2.1 to 2.3 of the wire document: list, change, delete, roles. */

const asAdministrator = (send: string, json: unknown, expect: Expectation): Exchange => ({
  send,
  as: "administrator",
  ...(json !== undefined && { json }),
  expect,
});

const list = (expect: Expectation, keep?: Exchange["keep"]): Exchange => ({
  ...asAdministrator("GET /v1/accounts", undefined, expect),
  ...(keep !== undefined && { keep }),
});
const roles = (name: string, json: Pattern): Exchange =>
  asAdministrator(`GET /v1/accounts/{{${name}.id}}/roles`, undefined, { status: 200, json });

const creds = { host: "db.example.com", port: 5432, database: "d", username: "u", password: "{{password}}" };

/** What a listed account is found by. */
interface Listed {
  readonly id?: unknown;
  readonly status?: unknown;
  readonly account_type?: unknown;
  readonly created_at?: unknown;
}

const listed = (items: readonly unknown[], id: string) => items.filter((item) => (item as Listed).id === id).length;

const idsOfActivePeople = (items: readonly unknown[]) =>
  (items as readonly Listed[])
    .filter(({ account_type, status }) => account_type === "human" && status === "active")
    .map(({ id }) => id);

const administratorsAmong = (everyRoles: readonly unknown[]) =>
  everyRoles.filter((roles) => Array.isArray(roles) && roles.includes("admin")).length;

const person: readonly Step[] = [create("human", "worker"), signIn("worker")];

export const accounts: Section = {
  title: "Accounts and roles",
  rows: [
    {
      item: 38,
      title: "List and get show exactly the seven members",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        get("robot", { status: 200, json: { ...account } }),
        list({ status: 200, json: listOf(account) }),
      ],
    },
    {
      item: 32,
      title: "The list is ordered by created_at, then by id",
      needs: ["administrator"],
      steps: [
        create("system", "first"),
        create("system", "second"),
        create("system", "third"),
        list(ok, { all: "." }),
        {
          check: "the list sorted is the list",
          of: (known) => {
            const keys = known.list("all").map((item) => {
              const { created_at, id } = item as Listed;
              return `${String(created_at)} ${String(id)}`;
            });
            return keys.length > 2 && keys.every((key, index) => index === 0 || String(keys[index - 1]) < key);
          },
          is: true,
        },
      ],
    },
    {
      item: 38,
      title: "An id is accepted in capitals and told in small letters",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        { learn: { "capital.id": (known) => known.text("robot.id").toUpperCase() } },
        get("capital", { status: 200, json: including({ id: "{{robot.id}}" }) }),
      ],
    },
    {
      item: 31,
      title: "Deactivation revokes every token of the account",
      needs: ["administrator"],
      steps: [
        ...person,
        signIn("worker", "other"),
        setStatus("worker", "inactive", { status: 200, json: including({ id: "{{worker.id}}", status: "inactive" }) }),
        isInvalid("worker.token"),
        isInvalid("other"),
      ],
    },
    {
      item: 31,
      title: "Deletion revokes every token of the account",
      needs: ["administrator"],
      steps: [...person, signIn("worker", "other"), remove("worker"), isInvalid("worker.token"), isInvalid("other")],
    },
    {
      item: 31,
      title: "400 for the status deleted, for an unknown one and for no body",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        ...["deleted", "Active", ""].map((status) => setStatus("worker", status, badRequest)),
        asAdministrator("PATCH /v1/accounts/{{worker.id}}", { status: 1 }, badRequest),
        asAdministrator("PATCH /v1/accounts/{{worker.id}}", undefined, badRequest),
        get("worker", { status: 200, json: including({ status: "active" }) }),
      ],
    },
    {
      item: 31,
      title: "{}, null and the present status change nothing",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        { ...get("worker"), keep: { before: "#text" } },
        ...[{}, { status: null }, { status: "active" }].map((json) =>
          asAdministrator("PATCH /v1/accounts/{{worker.id}}", json, { status: 200, text: "{{before}}" }),
        ),
      ],
    },
    {
      item: 31,
      title: "updated_at moves with the status and with nothing else",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        { ...get("worker"), keep: { before: "#text", made: "created_at", changed: "updated_at" } },
        // Times have whole seconds.
        { waitMs: 1_100 },
        setRoles("worker", ["user"]),
        signIn("worker"),
        get("worker", { status: 200, text: "{{before}}" }),
        setStatus("worker", "inactive", {
          status: 200,
          json: including({ created_at: "{{made}}", updated_at: differentFrom("{{changed}}") }),
        }),
      ],
    },
    {
      item: 32,
      title: "A deleted account is off the list and readable by its id",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        list(ok, { before: "." }),
        remove("robot"),
        get("robot", { status: 200, json: including({ id: "{{robot.id}}", status: "deleted" }) }),
        list(ok, { after: "." }),
        {
          check: "how often it is listed, before and after",
          of: (known) => ["before", "after"].map((name) => listed(known.list(name), known.text("robot.id"))),
          is: [1, 0],
        },
      ],
    },
    {
      item: 32,
      title: "Whatever else is done to a deleted account is 404",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        asAdministrator("PUT /v1/accounts/{{robot.id}}/pgcreds", creds, done),
        remove("robot"),
        setStatus("robot", "active", notFound),
        asAdministrator("PATCH /v1/accounts/{{robot.id}}", {}, notFound),
        remove("robot", notFound),
        asAdministrator("GET /v1/accounts/{{robot.id}}/roles", undefined, notFound),
        setRoles("robot", [], notFound),
        asAdministrator("GET /v1/accounts/{{robot.id}}/pgcreds", undefined, notFound),
        asAdministrator("PUT /v1/accounts/{{robot.id}}/pgcreds", creds, notFound),
      ],
    },
    {
      item: 32,
      title: "The last administrator keeps the role: 409",
      needs: ["administrator"],
      // Deleting or deactivating would shut the operator out where the server errs. A role can be given back: the token
      // in hand keeps its own.
      steps: [
        list(ok, { all: "." }),
        {
          learn: {
            people: (known) => idsOfActivePeople(known.list("all")),
            "self.id": (known) => claimsOf(known.text("administrator.token"))["sub"],
          },
        },
        {
          onlyIf: (known) => known.list("people").length <= 200,
          otherwise: "there are too many people to look for another administrator",
        },
        {
          ...asAdministrator("GET /v1/accounts/{{item}}/roles", undefined, ok),
          each: "people",
          keep: { everyRoles: "roles" },
        },
        {
          onlyIf: (known) => administratorsAmong(known.list("everyRoles")) === 1,
          otherwise: "there is another administrator",
        },
        { ...asAdministrator("GET /v1/accounts/{{self.id}}/roles", undefined, ok), keep: { before: "roles" } },
        setRoles("self", [], conflict),
      ],
      after: [asAdministrator("PUT /v1/accounts/{{self.id}}/roles", { roles: "{{before}}" }, done)],
    },
    {
      item: 33,
      title: "Roles are replaced whole, merged, sorted by code point, may be none",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        setRoles("worker", ["user", "editor", "user", "a.b_c-d", "a-b"]),
        roles("worker", { roles: ["a-b", "a.b_c-d", "editor", "user"] }),
        setRoles("worker", ["viewer"]),
        roles("worker", { roles: ["viewer"] }),
        setRoles("worker", []),
        roles("worker", { roles: [] }),
      ],
    },
    {
      item: 33,
      title: "400 for roles that are none: null, capitals, empty, a line break, 65",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        ...[null, [null], ["Admin"], [""], ["admin\n"], Array.from({ length: 65 }, (_, index) => `r${index}`)].map(
          (given) => asAdministrator("PUT /v1/accounts/{{worker.id}}/roles", { roles: given }, badRequest),
        ),
        asAdministrator("PUT /v1/accounts/{{worker.id}}/roles", {}, badRequest),
        roles("worker", { roles: [] }),
      ],
    },
    {
      item: 33,
      title: "An inactive account can be prepared",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        setStatus("robot", "inactive"),
        setRoles("robot", ["user"]),
        roles("robot", { roles: ["user"] }),
        asAdministrator("PUT /v1/accounts/{{robot.id}}/pgcreds", creds, done),
        asAdministrator("GET /v1/accounts/{{robot.id}}/pgcreds", undefined, { status: 200, json: creds }),
      ],
    },
  ],
};
