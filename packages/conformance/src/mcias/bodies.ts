import type { Exchange, Expectation, Row, Section, Step } from "../row.js";
import { badRequest, create, done, login, notFound, ok, refused, signIn, unauthorized } from "./words.js";

/** Section 1 of the wire document, strict decoding: each flaw alone, in a body that is otherwise good. */

interface BodyRoute {
  readonly send: string;
  /** A good body. `@` is a text that a flaw may stand in place of. */
  readonly body: string;
  /** A good value for `@`. */
  readonly value: string;
  readonly as?: string;
  /** `null` for the member with `@` is the same as leaving it out, and that is allowed. */
  readonly optional?: true;
}

const forAnyone: readonly BodyRoute[] = [
  {
    send: "POST /v1/auth/login",
    body: '{"username":"@","password":"not the password"}',
    value: "nobody-{{unique}}",
  },
  { send: "POST /v1/token/validate", body: '{"token":"@"}', value: "x", optional: true },
];

const routesOfAdministrators: readonly BodyRoute[] = [
  { send: "POST /v1/accounts", body: '{"username":"@","account_type":"system"}', value: "spoiled-{{unique}}" },
  { send: "PATCH /v1/accounts/{{nobody}}", body: '{"status":"@"}', value: "active", optional: true },
  { send: "PUT /v1/accounts/{{nobody}}/roles", body: '{"roles":["@"]}', value: "user" },
  { send: "POST /v1/token/issue", body: '{"account_id":"@"}', value: "{{nobody}}" },
  {
    send: "PUT /v1/accounts/{{nobody}}/pgcreds",
    body: '{"host":"@","port":5432,"database":"d","username":"u","password":"p"}',
    value: "db.example.com",
  },
];

const forAdministrators = routesOfAdministrators.map((route) => ({ ...route, as: "administrator" }));

/** They take an empty object or nothing. A token that is spent by mistake must not be the administrator's. */
const bare: readonly BodyRoute[] = ["POST /v1/auth/logout", "POST /v1/auth/renew"].map((send) => ({
  send,
  body: "{}",
  value: "",
  as: "worker",
}));

const worker: readonly Step[] = [create("human", "worker"), signIn("worker")];

interface Flaw {
  readonly title: string;
  readonly spoil: (body: string) => string | Uint8Array;
  /** Which routes can have it. */
  readonly on?: (route: BodyRoute) => boolean;
  /** What is put in place of `@` is the flaw itself. */
  readonly raw?: true;
}

const hasText = ({ body }: BodyRoute) => body.includes("@");

/** The first name once more, before the good one: a reader that takes the last sees nothing wrong. */
const twice = (spell: (name: string) => string) => (body: string) =>
  body.replace(/^\{"(\w+)"/, (good: string, name: string) => `{"${spell(name)}":null,${good.slice(1)}`);

const flaws: readonly Flaw[] = [
  { title: "an unknown member", spoil: (body) => body.replace(/\}$/, `${body === "{}" ? "" : ","}"surplus":1}`) },
  {
    title: "a member in another letter case",
    spoil: (body) => body.replace(/^\{"(\w)/, (_, letter: string) => `{"${letter.toUpperCase()}`),
    on: hasText,
  },
  { title: "something after the object", spoil: (body) => `${body} {}` },
  { title: "a name that stands there twice", spoil: twice((name) => name), on: hasText },
  {
    title: "a name that stands there twice, once escaped",
    spoil: twice((name) => `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`),
    on: hasText,
  },
  { title: "a byte order mark", spoil: (body) => `\ufeff${body}` },
  {
    title: "bytes that are no UTF-8",
    // Nothing is filled into bytes, so the value is a fixed one: it is refused anyway.
    spoil: (body) => Buffer.from(body.replace("@", "x\u00ff"), "latin1"),
    on: hasText,
    raw: true,
  },
  { title: "an unpaired surrogate", spoil: (body) => body.replace("@", "\\ud800"), on: hasText, raw: true },
  { title: "a text's place taken by a number", spoil: (body) => body.replace('"@"', "7"), on: hasText, raw: true },
  { title: "a text's place taken by an object", spoil: (body) => body.replace('"@"', "{}"), on: hasText, raw: true },
  {
    title: "null for a member that must be there",
    spoil: (body) => body.replace('"@"', "null"),
    on: (route) => hasText(route) && route.optional !== true,
    raw: true,
  },
  {
    title: "ten thousand lists inside each other",
    spoil: (body) => body.replace('"@"', "[".repeat(10_000) + "]".repeat(10_000)),
    on: hasText,
    raw: true,
  },
];

const notObjects = ["[]", "null", "7", '"x"', "{", "{]", "x"];

const sendOf = ({ send, as }: BodyRoute, more: Partial<Exchange>, expect: Expectation): Exchange => ({
  send,
  ...(as !== undefined && { as }),
  expect,
  ...more,
});

const good = ({ body, value }: BodyRoute) => body.replace("@", value);

function spoiled(flaw: Flaw, route: BodyRoute): Exchange {
  const body = flaw.spoil(flaw.raw === true ? route.body : good(route));
  return sendOf(route, { body }, badRequest);
}

/** Two rows a rule: one that anybody can run, one for the routes of administrators. */
function pair(
  item: number,
  title: string,
  exchanges: (route: BodyRoute) => readonly Exchange[],
  on: (route: BodyRoute) => boolean = () => true,
): Row[] {
  const guarded = [...forAdministrators, ...bare].filter(on);
  const rows: Row[] = [
    { item, title: `${title}: routes for anyone`, steps: forAnyone.filter(on).flatMap(exchanges) },
    {
      item,
      title: `${title}: guarded routes`,
      needs: ["administrator"],
      steps: [...worker, ...guarded.flatMap(exchanges)],
    },
  ];
  return rows.filter(({ steps }) => steps.length > 0);
}

const mebibyte = 1024 * 1024;
const sized = (bytes: number) => `{"token":"x"}${" ".repeat(bytes - 13)}`;

export const bodies: Section = {
  title: "Bodies: strict reading, types, sizes",
  rows: [
    ...flaws.flatMap((flaw) =>
      pair(
        /unknown|after|number|object/.test(flaw.title) ? 37 : 43,
        `400 for ${flaw.title}`,
        (route) => [spoiled(flaw, route)],
        flaw.on,
      ),
    ),
    ...pair(43, "400 for what is no JSON object", (route) =>
      notObjects.map((body) => sendOf(route, { body }, badRequest)),
    ),
    ...pair(
      43,
      "400 for no body where one is needed",
      (route) => [sendOf(route, {}, badRequest), sendOf(route, { body: "" }, badRequest)],
      (route) => hasText(route) && !route.send.endsWith("/validate"),
    ),
    ...pair(37, "415 for another content type or charset", (route) =>
      ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/json; charset=latin1"].map(
        (type) =>
          sendOf(
            route,
            { body: good(route), headers: { "content-type": type } },
            refused(415, "unsupported_media_type"),
          ),
      ),
    ),
    {
      item: 37,
      title: "The content type may say utf-8, in any letter case, or be missing",
      steps: [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        [] as readonly string[],
      ].map((type) => ({
        send: "POST /v1/token/validate",
        body: '{"token":"x"}',
        headers: { "content-type": type },
        expect: ok,
      })),
    },
    {
      item: 37,
      title: "An empty body has no content type to check",
      steps: [{ send: "POST /v1/token/validate", body: "", headers: { "content-type": "text/plain" }, expect: ok }],
    },
    {
      item: 37,
      title: "A body of one mebibyte is taken, one byte more is 413",
      steps: [
        { send: "POST /v1/token/validate", body: sized(mebibyte), expect: ok },
        { send: "POST /v1/token/validate", body: sized(mebibyte + 1), expect: refused(413, "payload_too_large") },
      ],
    },
    {
      item: 37,
      title: "413 also where no Content-Length tells the size",
      steps: [
        {
          send: "POST /v1/token/validate",
          body: sized(mebibyte + 1),
          headers: { "transfer-encoding": "chunked" },
          expect: refused(413, "payload_too_large"),
        },
      ],
    },
    {
      item: 43,
      title: "null for an optional member is the same as leaving it out",
      steps: [
        login(
          { username: "nobody-{{unique}}", password: "x", totp_code: null, service_name: null, tags: null },
          unauthorized,
        ),
        { send: "POST /v1/token/validate", json: { token: null }, expect: ok },
      ],
    },
    {
      item: 43,
      title: "A wrong type in an optional member is 400, null inside a list too",
      steps: [{ totp_code: 123456 }, { service_name: 1 }, { tags: "x" }, { tags: [null] }, { tags: [1] }].map((more) =>
        login({ username: "nobody-{{unique}}", password: "x", ...more }, badRequest),
      ),
    },
    {
      item: 43,
      title: "Logging out takes nothing, no type and an empty object",
      needs: ["administrator"],
      steps: [
        create("human", "worker"),
        ...["{}", "", undefined].flatMap((body): Step[] => [
          signIn("worker"),
          { send: "POST /v1/auth/logout", as: "worker", ...(body !== undefined && { body }), expect: done },
        ]),
      ],
    },
    {
      item: 37,
      title: "A good body is what the flaws above were compared with",
      needs: ["administrator"],
      steps: [
        ...forAnyone.map((route) => sendOf(route, { body: good(route) }, { status: [200, 401] })),
        ...forAdministrators.map((route) =>
          sendOf(route, { body: good(route) }, route.send.endsWith("accounts") ? { status: 201 } : notFound),
        ),
      ],
    },
  ],
};
