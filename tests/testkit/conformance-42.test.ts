import { MciasError } from "@cardea/mcias";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, scenarios } from "./scenarios.js";
import { mockWorld, serverWorld, type MockWorld, type World } from "./worlds.js";

/**
 * Conformance 42 (wire document, section 9): a client gets the same from the mock and from the server. What passes
 * between client and mock is what the fixtures of 7.2 and 7.3 say, byte for byte.
 */
describe.each(scenarios)("42: $name", (scenario) => {
  let mock: MockWorld;
  let server: World;
  beforeAll(async () => {
    [mock, server] = await Promise.all([mockWorld(scenario), serverWorld(scenario)]);
  });
  afterAll(async () => {
    await mock[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const labels = { mock: new Map<string, string>(), server: new Map<string, string>() };

  const steps = scenario.steps.map(([name, act, sent, got]) => ({ name, act, sent, got }));

  test.each(steps)("$name", async ({ act, sent, got }) => {
    const fromMock = withoutIds(await outcomeOf(act(mock)), labels.mock);
    const fromServer = withoutIds(await outcomeOf(act(server)), labels.server);
    if (sent !== undefined) expect(mock.seen.request).toBe(fixture(sent));
    if (got !== undefined) expect(mock.seen.reply).toBe(fixture(got));
    expect(fromMock).toEqual(fromServer);
  });
});

test("a fixture of a scenario is what is compared: another body would be noticed", () => {
  expect(fixture("login")).not.toBe(fixture("renew"));
  expect(withoutIds(["a", "7c9e6679-7425-40de-944b-e07fc1f90ae7"], new Map())).toEqual(["a", "<id 1>"]);
});

async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return { value: await work };
  } catch (error) {
    if (!(error instanceof MciasError)) throw error;
    return { error: { name: error.name, status: error.status, code: error.code, message: error.message } };
  }
}

const uuids = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;
const jws = /^([\w-]+)\.([\w-]+)\.[\w-]{86}$/;

/** Ids become numbers, in the order in which an end shows them; of tokens, what they say; of keys and issuers, that there is one. */
function withoutIds(value: unknown, labels: Map<string, string>): unknown {
  if (typeof value === "string") {
    const [, header, payload] = jws.exec(value) ?? [];
    if (header !== undefined && payload !== undefined) {
      const said = [header, payload].map((part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")));
      return withoutIds(said, labels);
    }
    if (/^https:\/\//.test(value)) return "<issuer>";
    if (/^[\w-]{43}$/.test(value)) return "<key>";
    return value.replace(uuids, (id) => {
      const label = labels.get(id) ?? `<id ${labels.size + 1}>`;
      labels.set(id, label);
      return label;
    });
  }
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutIds(item, labels));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutIds(item, labels)]));
}
