import { inspect } from "node:util";
import { Secret } from "@cardea/core";
import { describe, expect, test } from "vitest";
import { MciasClient } from "./client.js";
import { MciasError } from "./errors.js";
import type { MciasTraceEvent } from "./options.js";

const planted = {
  held: "planted-held-token",
  issued: "planted-issued-token",
  asked: "planted-asked-token",
  password: "planted-password",
  code: "424242",
  database: "planted-database-password",
};

/** Every way in which a value gets into a log. */
function shown(value: unknown): string {
  const texts = [inspect(value, { depth: 20, showHidden: true, getters: false }), String(value), `${value as string}`];
  if (typeof value === "object") texts.push(JSON.stringify(value) ?? "", JSON.stringify({ ...value }) ?? "");
  for (let error = value; error instanceof Error; error = error.cause) {
    texts.push(error.message, error.stack ?? "", JSON.stringify(error, Object.getOwnPropertyNames(error)));
  }
  return texts.join("\n");
}

function expectNoSecret(value: unknown): void {
  const text = shown(value);
  for (const secret of Object.values(planted)) expect(text).not.toContain(secret);
}

/** Everything that a request can hold, thrown back in every place that a client reads. */
const echo = async (request: Request) => `${request.headers.get("authorization")} ${await request.clone().text()}`;

const answers: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  "an error that echoes the request": async (request) =>
    Response.json({ error: await echo(request), code: await echo(request) }, { status: 400 }),
  "an error that names what was not sent": async () =>
    Response.json({ error: `the token ${planted.held} is worn out` }, { status: 400 }),
  "an error that echoes it as text": async (request) => new Response(await echo(request), { status: 500 }),
  "an answer with a secret as the name of a member": async () =>
    Response.json({ [planted.password]: 1, [planted.held]: 1, [planted.database]: 1, token: planted.issued }),
  "an answer that is not JSON": async (request) => new Response(await echo(request)),
  "a redirect that carries it on": async (request) =>
    new Response(null, {
      status: 302,
      headers: { location: `https://x.test/?${encodeURIComponent(await echo(request))}` },
    }),
  "a transport that throws it": async (request) => {
    throw new Error(await echo(request), { cause: new Error(await echo(request)) });
  },
};

const calls: Readonly<Record<string, (client: MciasClient) => Promise<unknown>>> = {
  login: (client) => client.login("alice", planted.password, planted.code),
  "login with secrets": (client) => client.login("alice", Secret.of(planted.password), Secret.of(planted.code)),
  renewToken: (client) => client.renewToken(),
  validateToken: (client) => client.validateToken(planted.asked),
  createAccount: (client) => client.createAccount("bob", "human", planted.password),
  setPgCreds: (client) => client.setPgCreds("id", "h", 1, "d", "u", planted.database),
  getPgCreds: (client) => client.getPgCreds("id"),
};

describe.each(Object.entries(calls))("%s", (_, does) => {
  test.each(Object.entries(answers))("shows no secret after %s", async (_, answer) => {
    for (const validateVia of ["body", "bearer"] as const) {
      const events: MciasTraceEvent[] = [];
      const client = new MciasClient({
        serverUrl: "https://mcias.test",
        token: planted.held,
        validateVia,
        fetch: answer,
        trace: (event) => void events.push(event),
      });
      const error = await does(client).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(MciasError);
      expectNoSecret(error);
      expectNoSecret(events);
      expect(events.length).toBeGreaterThan(0);
    }
  });
});

describe("a client", () => {
  const client = () =>
    new MciasClient({
      serverUrl: "https://mcias.test:8443/base",
      token: planted.held,
      fetch: async () => Response.json({ token: planted.issued, expires_at: "2026-04-10T09:00:00Z" }),
    });

  test("shows its origin and nothing else, before a login and after it", async () => {
    const one = client();
    for (const login of [false, true]) {
      if (login) await one.login("alice", planted.password);
      expect([String(one), inspect(one, { showHidden: true, depth: 9 }), JSON.stringify({ one })]).toEqual([
        "MciasClient(https://mcias.test:8443)",
        "MciasClient(https://mcias.test:8443)",
        '{"one":"MciasClient(https://mcias.test:8443)"}',
      ]);
      expectNoSecret(one);
    }
    expect(one.token).toBe(planted.issued);
  });

  test("has no property of its own to be copied or walked over", () => {
    expect(Reflect.ownKeys(client())).toEqual([]);
  });

  test("takes options that show nothing where they hold secrets", () => {
    expectNoSecret({ serverUrl: "https://mcias.test", token: Secret.of(planted.held) });
  });
});
