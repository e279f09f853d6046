import { atLeast, extendedOnly, including, type Pattern } from "../pattern.js";
import type { Exchange, Row, Section, Step } from "../row.js";
import {
  claimsOf,
  isSignedBy,
  signedByAnother,
  signedWithPublicKey,
  strayBits,
  unsigned,
  withClaims,
} from "./token.js";
import { create, isDead, ok, setRoles, signIn, validates } from "./words.js";

/** Sections 2.2 (validate) and 3 of the wire document. */

const person: readonly Step[] = [create("human", "worker"), signIn("worker")];
const key: Exchange = { send: "GET /v1/keys/public", expect: ok, keep: { key: "." } };

const validate = (json: object | undefined, answer: Pattern, bearer?: string): Exchange => ({
  send: "POST /v1/token/validate",
  ...(json !== undefined && { json }),
  ...(bearer !== undefined && { headers: { authorization: `Bearer ${bearer}` } }),
  expect: { status: 200, json: answer },
});

const invalid = { valid: false };

/** A token that was made from a good one, and that no door may take. */
const forged = (title: string, forge: (token: string, key: unknown) => string, item = 47): Row => ({
  item,
  title,
  needs: ["administrator"],
  steps: [
    ...person,
    key,
    validates("worker.token"),
    { learn: { forged: (known) => forge(known.text("worker.token"), known.get("key")) } },
    ...isDead("forged"),
    validates("worker.token"),
  ],
});

const respellings: Readonly<Record<string, (token: string) => string>> = {
  "a blank behind it": (token) => `${token} `,
  "a blank before it": (token) => ` ${token}`,
  "a line break behind it": (token) => `${token}\n`,
  "Bearer before it": (token) => `Bearer ${token}`,
  "padding behind it": (token) => `${token}=`,
  "a fourth part": (token) => `${token}.`,
  "an empty part": (token) => token.replace(".", ".."),
  "its last character missing": (token) => token.slice(0, -1),
  "stray bits in its last character": strayBits,
};

const cell = (title: string, json: object | undefined, withBearer: Pattern, without: Pattern): Row => ({
  item: 44,
  title: `Validate with ${title}`,
  needs: ["administrator"],
  steps: [
    create("human", "worker"),
    signIn("worker", "first"),
    create("human", "other"),
    signIn("other", "second"),
    validate(json, withBearer, "{{second}}"),
    validate(json, without),
  ],
});

const byFirst = including({ valid: true, sub: "{{worker.id}}" });
const bySecond = including({ valid: true, sub: "{{other.id}}" });

export const validating: Section = {
  title: "Validating tokens",
  rows: [
    {
      item: 27,
      title: "Validate wants no token of its own and calls nothing an error",
      steps: ["", "x", "a.b.c", "x".repeat(9_000), "\u0000", "\u00e9.\u00e9.\u00e9", "null", "eyJ.eyJ.x"].map((token) =>
        validate({ token }, invalid),
      ),
    },
    {
      item: 44,
      title: "Validate with no token anywhere, or a bearer that is none",
      steps: [
        validate(undefined, invalid),
        validate({}, invalid),
        validate({ token: null }, invalid),
        validate(undefined, invalid, "nonsense"),
        validate({ token: "" }, invalid, "nonsense"),
      ],
    },
    cell("no body: the bearer counts", undefined, bySecond, invalid),
    cell("{}: the bearer counts", {}, bySecond, invalid),
    cell("token null: the bearer counts", { token: null }, bySecond, invalid),
    cell("a good token: it wins over the bearer", { token: "{{first}}" }, byFirst, byFirst),
    cell("an empty token: it wins over a good bearer", { token: "" }, invalid, invalid),
    cell("nonsense: it wins over a good bearer", { token: "nonsense" }, invalid, invalid),
    {
      item: 38,
      title: "A valid token's answer has exactly its members",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        setRoles("worker", ["user", "editor"]),
        { ...signIn("worker"), keep: { "worker.token": "token", end: "expires_at" } },
        validate(
          { token: "{{worker.token}}" },
          {
            valid: true,
            sub: "{{worker.id}}",
            username: extendedOnly("{{worker.username}}"),
            roles: ["editor", "user"],
            expires_at: "{{end}}",
          },
        ),
      ],
    },
    {
      item: 44,
      title: "A thousand validations at once are valid or 429, never a 5xx",
      needs: ["administrator"],
      steps: [
        ...person,
        {
          ...validates("worker.token"),
          atOnce: 1_000,
          limited: true,
          expect: { status: [200, 429], tally: including({ "200": atLeast(1) }) },
          keep: { answers: "." },
        },
        {
          check: "answers that are neither valid nor 429",
          of: (known) =>
            known.list("answers").filter((answer) => {
              const { valid, code } = answer as { readonly valid?: unknown; readonly code?: unknown };
              return valid !== true && code !== "rate_limited";
            }).length,
          is: 0,
        },
      ],
    },
    {
      item: 28,
      title: "The public key verifies an issued token",
      needs: ["administrator"],
      steps: [
        ...person,
        key,
        {
          check: "the signature holds",
          of: (known) => isSignedBy(known.get("key"), known.text("worker.token")),
          is: true,
        },
      ],
    },
    {
      item: 27,
      title: "Nothing around a token is trimmed, and no other spelling is read",
      needs: ["administrator"],
      steps: [
        ...person,
        {
          learn: {
            respelled: (known) => Object.values(respellings).map((respell) => respell(known.text("worker.token"))),
          },
        },
        {
          send: "POST /v1/token/validate",
          each: "respelled",
          json: { token: "{{item}}" },
          expect: { status: 200, json: invalid },
        },
        validates("worker.token"),
      ],
    },
    forged("A token that another key signed is dead everywhere", signedByAnother, 26),
    forged("A token without a signature, alg none, is dead everywhere", unsigned),
    forged("A token signed HS256 with the public key is dead everywhere", signedWithPublicKey),
    forged("A token with a role put in is dead everywhere", (token) => withClaims(token, { roles: ["admin"] })),
    forged("A token with a later end is dead everywhere", (token) =>
      withClaims(token, { exp: Number(claimsOf(token)["exp"]) + 1 }),
    ),
    {
      item: 44,
      title: "A bearer at validate may stand there in any form without an error",
      steps: ["Basic eDp5", "Bearer", "Bearer a.b.c", "%%%"].map((authorization) => ({
        send: "POST /v1/token/validate",
        headers: { authorization },
        expect: { status: 200, json: invalid },
      })),
    },
  ],
};
