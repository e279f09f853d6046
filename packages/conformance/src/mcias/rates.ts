import { atLeast, including, listOf, someText } from "../pattern.js";
import type { Exchange, Section } from "../row.js";
import { create, login, ok, signIn } from "./words.js";

/** Section 4 of the wire document. These rows leave the buckets empty, so they come last. */

const flood = (headers: Exchange["headers"] & object = {}, body = "{}"): Exchange => ({
  send: "POST /v1/token/validate",
  body,
  headers,
  atOnce: 40,
  limited: true,
  expect: { status: [200, 429], tally: including({ "200": atLeast(10), "429": atLeast(1) }) },
});

/** Lets the bucket fill up: ten a second, ten at most. */
const refill = { waitMs: 1_200 };

/** Empties the bucket, as the row needs it. What comes of it is another row's business. */
const drain: Exchange = { ...flood(), expect: { status: [200, 429] } };

export const rates: Section = {
  title: "Rate limits",
  rows: [
    {
      item: 23,
      title: "Of 40 validations at once a burst of 10 or more passes, others are 429",
      steps: [refill, flood()],
    },
    {
      item: 23,
      title: "X-Forwarded-For from anybody is not believed",
      steps: [
        refill,
        drain,
        {
          ...flood({ "x-forwarded-for": "192.0.2.{{unique}}", "x-real-ip": "192.0.2.1" }),
          expect: { status: [200, 429], tally: including({ "429": atLeast(1) }) },
        },
      ],
    },
    {
      item: 23,
      title: "429 has its code and, in whole seconds, Retry-After",
      steps: [
        refill,
        { ...flood(), keep: { answers: ".", waits: "@retry-after" } },
        {
          check: "the refusals",
          of: (known) => known.list("answers").filter((answer) => (answer as { valid?: unknown }).valid === undefined),
          is: listOf({ error: someText, code: "rate_limited" }),
        },
        {
          check: "their waits",
          of: (known) => known.list("waits").filter((wait) => wait !== undefined),
          is: listOf(/^[1-9]\d*$/),
        },
        {
          check: "refusals that tell no wait",
          of: (known) => {
            const [answers, waits] = [known.list("answers"), known.list("waits")];
            return answers.filter((answer, at) => (answer as { code?: unknown }).code !== undefined && !waits[at])
              .length;
          },
          is: 0,
        },
      ],
    },
    {
      item: 23,
      title: "The rate comes before the body: 429 for a malformed one too",
      steps: [{ ...flood({}, "{"), expect: { status: [400, 429], tally: including({ "429": atLeast(1) }) } }],
    },
    {
      item: 23,
      title: "Health and the public key are never limited",
      steps: ["GET /v1/health", "GET /v1/keys/public"].map((send) => ({
        send,
        atOnce: 40,
        limited: true,
        expect: { status: 200 },
      })),
    },
    {
      item: 23,
      title: "Unknown methods and paths take nothing from a rate",
      steps: [
        refill,
        { send: "GET /v1/auth/login", atOnce: 40, limited: true, expect: { status: 405 } },
        { ...login({}, { status: 400 }), limited: true },
      ],
    },
    {
      item: 23,
      title: "A flood of validations leaves signing in free",
      needs: ["administrator"],
      steps: [create("human", "worker"), refill, drain, { ...signIn("worker"), limited: true, expect: ok }],
    },
  ],
};
