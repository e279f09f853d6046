import { inspect } from "node:util";
import { expect, test, vi } from "vitest";
import type { TransportError } from "../errors.js";
import type { HttpRequest } from "../http.js";
import { fetchTransport } from "./fetch.js";

/** What is peculiar to fetch. The rest it shares with all: transports.test.ts. */

const request: HttpRequest = {
  method: "GET",
  url: "https://host.test/v1",
  headers: { authorization: "token-of-a-test" },
  route: "GET /v1",
  repeat: "never",
  limits: { success: 10, error: 10 },
};
const { signal } = new AbortController();

/** What fetch is asked for, in this runtime. */
async function init(): Promise<RequestInit | undefined> {
  let given: RequestInit | undefined;
  const transport = fetchTransport({
    fetch: async (_, options) => {
      given = options;
      return new Response(null, { status: 204 });
    },
  });
  await transport(request, signal);
  return given;
}

test("asks for no cookies and no redirects", async () => {
  expect(await init()).toMatchObject({ redirect: "manual", credentials: "omit" });
});

test("does not name cookies where the runtime has none", async () => {
  vi.stubGlobal("Request", { prototype: {} });
  const given = await init();
  vi.unstubAllGlobals();
  expect(given).not.toHaveProperty("credentials");
});

test("calls the global fetch that is there at the time of the call", async () => {
  const transport = fetchTransport();
  vi.stubGlobal("fetch", async () => new Response(null, { status: 204 }));
  const reply = await transport(request, signal);
  vi.unstubAllGlobals();
  expect(reply.status).toBe(204);
});

test("knows a redirect of which a browser shows nothing", async () => {
  const opaque = Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" });
  const transport = fetchTransport({ fetch: async () => opaque });
  await expect(transport(request, signal)).rejects.toMatchObject({ code: "redirected" });
});

test("refuses headers without measure, whatever the runtime takes", async () => {
  const response = new Response(null, { headers: { "x-much": "x".repeat(20_000) } });
  const transport = fetchTransport({ fetch: async () => response });
  await expect(transport(request, signal)).rejects.toMatchObject({ code: "connection_failed", retryable: false });
});

test("keeps nothing of what a runtime throws but a system's code", async () => {
  for (const thrown of [
    new TypeError("bad header token-of-a-test"),
    Object.assign(new Error("token-of-a-test"), { code: "token-of-a-test" }),
    new TypeError("fetch failed", { cause: Object.assign(new Error("token-of-a-test"), { code: "UND_ERR_SOCKET" }) }),
    "token-of-a-test",
    undefined,
  ]) {
    const transport = fetchTransport({ fetch: () => Promise.reject(thrown as Error) });
    const error = await transport(request, signal).catch((failed: unknown) => failed as TransportError);
    expect(error).toMatchObject({ code: "connection_failed", unsent: false });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("token-of-a-test");
  }
});
