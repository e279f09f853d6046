import { differentFrom } from "../pattern.js";
import type { Exchange, Section, Step } from "../row.js";
import { claimsOf } from "./token.js";
import {
  badRequest,
  conflict,
  create,
  done,
  forbidden,
  isDead,
  isInvalid,
  issue,
  livesHours,
  notFound,
  ok,
  readClaims,
  remove,
  setRoles,
  setStatus,
  signIn,
  unauthorized,
  validates,
} from "./words.js";

/** Sections 2.3 (logout, renew, issue, revoke) and 3 of the wire document. */

const person: readonly Step[] = [create("human", "worker"), signIn("worker")];
const renew = (as: string, expect = ok): Exchange => ({
  send: "POST /v1/auth/renew",
  as,
  expect,
  ...(expect === ok && { keep: { renewed: "token" } }),
});

const logout = (as: string, expect = done): Exchange => ({ send: "POST /v1/auth/logout", as, expect });

const revoke = (jti: string, expect = done): Exchange => ({
  send: `DELETE /v1/token/${jti}`,
  as: "administrator",
  expect,
});

export const tokens: Section = {
  title: "Tokens: renew, log out, issue, revoke",
  rows: [
    {
      item: 24,
      title: "Renewal kills the old token and gives one with another jti",
      needs: ["administrator"],
      steps: [
        ...person,
        readClaims("worker.token", "old"),
        renew("worker"),
        ...isDead("worker.token"),
        validates("renewed"),
        readClaims("renewed", "new"),
        { check: "the jti", of: (known) => known.get("new.jti"), is: differentFrom("{{old.jti}}") },
        livesHours("renewed", 720),
      ],
    },
    {
      item: 25,
      title: "A token keeps its roles until it is renewed, and then has the new",
      needs: ["administrator"],
      steps: [
        ...person,
        setRoles("worker", ["editor", "admin"]),
        validates("worker.token", { roles: [] }),
        { send: "GET /v1/accounts/{{worker.id}}", as: "worker", expect: forbidden },
        renew("worker"),
        validates("renewed", { roles: ["admin", "editor"] }),
        livesHours("renewed", 8),
      ],
    },
    {
      item: 26,
      title: "Logging out kills the token; a second time is 401",
      needs: ["administrator"],
      steps: [...person, logout("worker"), ...isDead("worker.token"), logout("worker", unauthorized)],
    },
    {
      item: 26,
      title: "Logging out ends one token and leaves the others",
      needs: ["administrator"],
      steps: [...person, signIn("worker", "other"), logout("worker"), validates("other")],
    },
    {
      item: 26,
      title: "Tokens of an inactive account are dead, and stay so",
      needs: ["administrator"],
      steps: [
        ...person,
        setStatus("worker", "inactive"),
        ...isDead("worker.token"),
        setStatus("worker", "active"),
        ...isDead("worker.token"),
      ],
    },
    {
      item: 45,
      title: "Of eight renewals at once exactly one wins",
      needs: ["administrator"],
      steps: [
        ...person,
        {
          send: "POST /v1/auth/renew",
          as: "worker",
          atOnce: 8,
          expect: { status: [200, 401], tally: { "200": 1, "401": 7 } },
        },
      ],
    },
    {
      item: 34,
      title: "A second issue revokes the first token",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        issue("robot", "first"),
        validates("first", { sub: "{{robot.id}}" }),
        issue("robot", "second"),
        ...isDead("first"),
        validates("second"),
      ],
    },
    {
      item: 34,
      title: "A renewed service token is its account's one live token",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        issue("robot"),
        renew("robot"),
        isInvalid("robot.token"),
        issue("robot", "last"),
        isInvalid("renewed"),
        validates("last"),
      ],
    },
    {
      item: 34,
      title: "A service token lives a year, also with the role admin",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        issue("robot"),
        livesHours("robot.token", 8760),
        setRoles("robot", ["admin"]),
        issue("robot"),
        livesHours("robot.token", 8760),
        { send: "GET /v1/accounts/{{nobody}}", as: "robot", expect: notFound },
      ],
    },
    {
      item: 34,
      title: "Issue: a human 400, nobody 404, no UUID 400, inactive 409, deleted 404",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        create("system", "robot"),
        { ...issue("worker"), expect: badRequest },
        { ...issue("robot"), json: { account_id: "{{nobody}}" }, expect: notFound },
        { ...issue("robot"), json: { account_id: "robot" }, expect: badRequest },
        setStatus("robot", "inactive"),
        { ...issue("robot"), expect: conflict },
        remove("robot"),
        { ...issue("robot"), expect: notFound },
        remove("worker"),
        { ...issue("worker"), expect: { status: [400, 404] } },
      ],
    },
    {
      item: 45,
      title: "Of eight issues at once exactly one token is live",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        { ...issue("robot"), atOnce: 8, keep: { issued: "token" } },
        {
          send: "POST /v1/token/validate",
          each: "issued",
          json: { token: "{{item}}" },
          expect: ok,
          keep: { validity: "valid" },
        },
        {
          check: "live tokens",
          of: (known) => known.list("validity").filter((valid) => valid === true).length,
          is: 1,
        },
      ],
    },
    {
      item: 35,
      title: "Revocation by jti: 204, again 204, the token dead at once",
      needs: ["administrator"],
      steps: [
        ...person,
        readClaims("worker.token", "old"),
        revoke("{{old.jti}}"),
        ...isDead("worker.token"),
        revoke("{{old.jti}}"),
      ],
    },
    {
      item: 35,
      title: "A jti is accepted in capitals; an unknown one, and no UUID, is 404",
      needs: ["administrator"],
      steps: [
        ...person,
        { learn: { capitals: (known) => String(claimsOf(known.text("worker.token"))["jti"]).toUpperCase() } },
        revoke("{{capitals}}"),
        isInvalid("worker.token"),
        revoke("{{nobody}}", notFound),
        revoke("not-a-uuid", notFound),
      ],
    },
  ],
};
