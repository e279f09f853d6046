import type { Pattern } from "../pattern.js";
import type { Exchange, Expectation, Section } from "../row.js";
import { account, badRequest, conflict, create, remove } from "./words.js";

/** Section 2.2 of the wire document: what an account may be made of. */

const asAdministrator = (send: string, json: unknown, expect: Expectation): Exchange => ({
  send,
  as: "administrator",
  ...(json !== undefined && { json }),
  expect,
});

const post = (json: object, expect: Expectation): Exchange => asAdministrator("POST /v1/accounts", json, expect);
const roles = (name: string, json: Pattern): Exchange =>
  asAdministrator(`GET /v1/accounts/{{${name}.id}}/roles`, undefined, { status: 200, json });

export const creating: Section = {
  title: "Creating accounts",
  rows: [
    {
      item: 30,
      title: "Creation gives exactly an account: active, both times equal, no roles",
      needs: ["administrator"],
      steps: [
        {
          ...create("human", "worker"),
          expect: {
            status: 201,
            json: {
              ...account,
              username: "worker-{{unique}}",
              account_type: "human",
              status: "active",
              totp_enabled: false,
            },
          },
          keep: { "worker.id": "id", made: "created_at", changed: "updated_at" },
        },
        { check: "updated_at", of: (known) => known.get("changed"), is: "{{made}}" },
        roles("worker", { roles: [] }),
      ],
    },
    {
      item: 30,
      title: "A name is taken for ever: 409, also of a deleted account",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        post({ username: "{{worker.username}}", account_type: "system" }, conflict),
        remove("worker"),
        post({ username: "{{worker.username}}", account_type: "system" }, conflict),
      ],
    },
    {
      item: 30,
      title: "A name in another letter case is another name",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        post({ username: "ROBOT-{{unique}}", account_type: "system" }, { status: 201 }),
      ],
    },
    {
      item: 30,
      title: "400: a human without a password, a system account with one",
      needs: ["administrator"],
      steps: [
        ...[{}, { password: null }, { password: "" }].map((more) => ({ account_type: "human", ...more })),
        ...[{ password: "{{password}}" }, { password: "" }].map((more) => ({ account_type: "system", ...more })),
      ].map((json) => post({ username: "refused-{{unique}}", ...json }, badRequest)),
    },
    {
      item: 30,
      title: "A password has 12 to 1024 bytes of UTF-8",
      needs: ["administrator"],
      steps: [
        ["elevenbytes", badRequest] as const,
        ["\u00e9".repeat(512) + "x", badRequest] as const,
        ["\u00e9".repeat(6), { status: 201 }] as const,
      ].map(([password, expect]) => post({ username: "measured-{{unique}}", account_type: "human", password }, expect)),
    },
    {
      item: 30,
      title: "400 for a username outside the pattern",
      needs: ["administrator"],
      steps: ["", "-x", ".x", "a b", "x\n", "a".repeat(64), "a/b", "a\u0000b"].map((username) =>
        post({ username, account_type: "system" }, badRequest),
      ),
    },
    {
      item: 48,
      title: "400 for a username that is not ASCII",
      needs: ["administrator"],
      steps: ["\u00e9", "\uff41lice", "\u0430dmin", "stra\u00dfe"].map((username) =>
        post({ username: `${username}-{{unique}}`, account_type: "system" }, badRequest),
      ),
    },
    {
      item: 30,
      title: "400 for an unknown kind of account, and for none",
      needs: ["administrator"],
      steps: [{ account_type: "robot" }, { account_type: "" }, { account_type: null }, {}].map((more) =>
        post({ username: "refused-{{unique}}", ...more }, badRequest),
      ),
    },
    {
      item: 30,
      title: "A null password of a system account is none",
      needs: ["administrator"],
      steps: [post({ username: "robot-{{unique}}", account_type: "system", password: null }, { status: 201 })],
    },
    {
      item: 45,
      title: "Of six creations of one name at once exactly one wins",
      needs: ["administrator"],
      steps: [
        {
          ...create("human", "racer"),
          atOnce: 6,
          expect: { status: [201, 409], tally: { "201": 1, "409": 5 } },
          keep: {},
        },
      ],
    },
  ],
};
