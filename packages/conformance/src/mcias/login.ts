import { including, someText, type Pattern } from "../pattern.js";
import type { Exchange, Section } from "../row.js";
import { claimsOf, headerOf } from "./token.js";
import {
  badRequest,
  create,
  isInvalid,
  livesHours,
  login,
  ok,
  refused,
  remove,
  setRoles,
  setStatus,
  signIn,
  unauthorized,
  validates,
} from "./words.js";

/** Sections 2.3 (login), 3 and 4 of the wire document. */

const right = { username: "{{worker.username}}", password: "{{password}}" };
const wrong = { ...right, password: "not the password" };
const locked = { ...login(wrong, unauthorized), times: 10 };

/** The first failure's bytes are learnt, the others must have the same. */
const firstFailure: Exchange = {
  ...login({ username: "nobody-{{unique}}", password: "{{password}}" }, unauthorized),
  keep: { failure: "#text" },
};
const sameFailure = (json: object): Exchange => login(json, { status: 401, text: "{{failure}}" });

const totp = { username: "{{totp.username}}", password: "{{totp.password}}" };
const codeRequired = refused(401, "totp_required");

const tokenReply: Pattern = { token: someText, expires_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ };

export const signingIn: Section = {
  title: "Signing in",
  rows: [
    {
      item: 18,
      title: "The right password gives exactly a token and its end",
      needs: ["administrator"],
      steps: [create("human", "worker"), login(right, { status: 200, json: tokenReply })],
    },
    {
      item: 18,
      title: "A human's token lives 30 days, and expires_at equals exp",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        { ...login(right, ok), keep: { token: "token", end: "expires_at" } },
        livesHours("token", 720),
        {
          check: "exp as a time",
          of: (known) => `${new Date(Number(claimsOf(known.text("token"))["exp"]) * 1000).toISOString().slice(0, 19)}Z`,
          is: "{{end}}",
        },
      ],
    },
    {
      item: 18,
      title: "A token with the role admin lives 8 hours",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        setRoles("worker", ["admin"]),
        signIn("worker"),
        livesHours("worker.token", 8),
      ],
    },
    {
      item: 18,
      title: "A token has exactly the header and the claims of the document",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        setRoles("worker", ["user", "editor"]),
        signIn("worker"),
        {
          check: "the header",
          of: (known) => headerOf(known.text("worker.token")),
          is: '{"alg":"EdDSA","typ":"JWT"}',
        },
        {
          check: "the claims",
          of: (known) => {
            const { iat, exp, ...claims } = claimsOf(known.text("worker.token"));
            return { ...claims, whole: Number.isInteger(iat) && Number.isInteger(exp) };
          },
          is: {
            iss: someText,
            sub: "{{worker.id}}",
            roles: ["editor", "user"],
            jti: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
            whole: true,
          },
        },
      ],
    },
    {
      item: 18,
      title: "Without roles the claim is an empty list",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        signIn("worker"),
        { check: "roles", of: (known) => claimsOf(known.text("worker.token"))["roles"], is: [] },
      ],
    },
    {
      item: 18,
      title: "Service name and tags are taken, an empty name is none",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        login({ ...right, service_name: "conformance", tags: ["a", "b"] }, { status: [200, 403] }),
        login({ ...right, service_name: "", tags: [] }, ok),
      ],
    },
    {
      item: 18,
      title: "An empty name or password is 400",
      steps: [
        login({ username: "", password: "x" }, badRequest),
        login({ username: "nobody-{{unique}}", password: "" }, badRequest),
      ],
    },
    {
      item: 19,
      title: "What breaks the rules for values is a wrong credential, byte for byte",
      steps: [
        firstFailure,
        sameFailure({ username: "a".repeat(300), password: "x" }),
        sameFailure({ username: "no such name", password: "x".repeat(2_000) }),
        sameFailure({ username: "-x", password: "x" }),
      ],
    },
    {
      item: 19,
      title: "Unknown, wrong, inactive, deleted and system fail with the same bytes",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        create("human", "sleeper"),
        setStatus("sleeper", "inactive"),
        create("human", "leaver"),
        remove("leaver"),
        create("system", "robot"),
        firstFailure,
        sameFailure(wrong),
        ...["sleeper", "leaver", "robot"].map((name) =>
          sameFailure({ username: `{{${name}.username}}`, password: "{{password}}" }),
        ),
      ],
    },
    {
      item: 19,
      title: "A name in another letter case, or with a blank, is another name",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        firstFailure,
        ...["WORKER-{{unique}}", " worker-{{unique}}", "worker-{{unique}} "].map((username) =>
          sameFailure({ username, password: "{{password}}" }),
        ),
      ],
    },
    {
      item: 20,
      title: "A code that is not six digits is 400 before any look-up",
      steps: ["12345", "1234567", "12345a", "123456\n", "\uff11\uff12\uff13\uff14\uff15\uff16"].map((totp_code) =>
        login({ username: "nobody-{{unique}}", password: "x", totp_code }, badRequest),
      ),
    },
    {
      item: 20,
      title: "A code for an account without a second factor is ignored",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        login({ ...right, totp_code: "123456" }, ok),
        login({ ...right, totp_code: "" }, ok),
        login({ ...right, totp_code: null }, ok),
      ],
    },
    {
      item: 20,
      title: "A missing code is told only after a right password",
      needs: ["totp"],
      steps: [
        login(totp, codeRequired),
        login({ ...totp, totp_code: "" }, codeRequired),
        login({ ...totp, password: "not the password" }, unauthorized),
      ],
    },
    {
      item: 20,
      title: "Codes of one step away are taken, of two are not, and each works once",
      needs: ["totp"],
      steps: [
        // Missing codes count for nothing, else the account were locked by now.
        { ...login(totp, codeRequired), times: 11 },
        firstFailure,
        { codes: { older: -2, old: -1, now: 0, next: 1, later: 2 } },
        sameFailure({ ...totp, totp_code: "{{older}}" }),
        sameFailure({ ...totp, totp_code: "{{later}}" }),
        login({ ...totp, totp_code: "{{old}}" }, ok),
        {
          ...login({ ...totp, totp_code: "{{now}}" }, { status: [200, 401], tally: { "200": 1, "401": 3 } }),
          atOnce: 4,
        },
        login({ ...totp, totp_code: "{{next}}" }, ok),
        sameFailure({ ...totp, totp_code: "{{next}}" }),
        sameFailure({ ...totp, totp_code: "{{now}}" }),
      ],
    },
    {
      item: 21,
      title: "Ten failures lock; live tokens stay valid; the failure looks the same",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        signIn("worker", "alive"),
        firstFailure,
        locked,
        sameFailure(right),
        sameFailure(wrong),
        validates("alive"),
      ],
    },
    {
      item: 21,
      title: "Nine failures do not lock, and a success forgives them",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        ...[1, 2].flatMap((): Exchange[] => [{ ...login(wrong, unauthorized), times: 9 }, login(right, ok)]),
      ],
    },
    {
      item: 21,
      title: "A locked account is free after the window of 15 minutes",
      needs: ["administrator", "slow"],
      steps: [
        create("human", "worker"),
        locked,
        login(right, unauthorized),
        { waitMs: 15 * 60_000 + 5_000 },
        login(right, ok),
      ],
    },
    {
      item: 22,
      title: "A system account cannot sign in: the generic 401",
      needs: ["administrator"],
      steps: [
        create("system", "robot"),
        login({ username: "{{robot.username}}", password: "{{password}}" }, unauthorized),
      ],
    },
    {
      item: 31,
      title: "An inactive account signs in again once it is active",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        signIn("worker", "before"),
        setStatus("worker", "inactive"),
        login(right, unauthorized),
        setStatus("worker", "active"),
        login(right, ok),
        isInvalid("before"),
      ],
    },
    {
      item: 48,
      title: "A name that is not ASCII is the generic 401",
      steps: [
        firstFailure,
        ...["\u00fcn\u00efcode", "\uff41lice", "\u0430dmin"].map((username) =>
          sameFailure({ username, password: "x" }),
        ),
      ],
    },
    {
      item: 48,
      title: "A name or a password with the character U+0000 is the generic 401",
      steps: [
        firstFailure,
        sameFailure({ username: "nobody\u0000{{unique}}", password: "x" }),
        sameFailure({ username: "nobody-{{unique}}", password: "x\u0000y" }),
      ],
    },
    {
      item: 48,
      title: "A password in another normal form is wrong, an escaped one right",
      needs: ["administrator"],
      steps: [
        create("human", "worker", { password: "pass-caf\u00e9-{{password}}" }),
        login({ ...right, password: "pass-cafe\u0301-{{password}}" }, unauthorized),
        {
          send: "POST /v1/auth/login",
          body: '{"username":"{{worker.username}}","password":"pass-caf\\u00e9-{{password}}"}',
          expect: { status: 200, json: including({ token: someText }) },
        },
      ],
    },
  ],
};
