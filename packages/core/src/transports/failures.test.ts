import { expect, test } from "vitest";
import { TransportError } from "../errors.js";
import type { HttpRequest } from "../http.js";
import { failure } from "./failures.js";

const request: HttpRequest = {
  method: "GET",
  url: "https://host.test/v1",
  headers: {},
  route: "GET /v1",
  repeat: "never",
  limits: { success: 10, error: 10 },
};

const system = (code: string, syscall?: string) => Object.assign(new Error(code), { code, syscall });
const wrapped = (cause: Error) => new TypeError("fetch failed", { cause });

/** What was thrown; then the error's code, whether nothing was sent, and whether to try again makes sense. */
const rows: readonly (readonly [string, unknown, string, boolean, boolean])[] = [
  ["a refused connection", system("ECONNREFUSED", "connect"), "connection_failed", true, true],
  ["the same through fetch", wrapped(system("ECONNREFUSED", "connect")), "connection_failed", true, true],
  ["one refused by every address of a name", wrapped(system("ECONNREFUSED")), "connection_failed", true, true],
  ["an unknown name", system("ENOTFOUND", "getaddrinfo"), "connection_failed", true, true],
  ["a resolver that is down", system("EAI_AGAIN"), "connection_failed", true, true],
  ["a connection that takes too long", wrapped(system("UND_ERR_CONNECT_TIMEOUT")), "connection_failed", true, true],
  ["no way there", system("EHOSTUNREACH", "connect"), "connection_failed", true, true],
  ["a way that was lost", system("EHOSTUNREACH", "write"), "connection_failed", false, true],
  ["a reset", system("ECONNRESET", "read"), "connection_failed", false, true],
  ["a socket that was closed", wrapped(system("UND_ERR_SOCKET")), "connection_failed", false, true],
  ["a browser's failure without a cause", new TypeError("Failed to fetch"), "connection_failed", false, true],
  ["headers without measure", system("HPE_HEADER_OVERFLOW"), "connection_failed", false, false],
  ["the same through fetch", wrapped(system("UND_ERR_HEADERS_OVERFLOW")), "connection_failed", false, false],
  ["what is not HTTP", system("HPE_INVALID_CONSTANT"), "connection_failed", false, false],
  ["a foreign CA", system("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "tls_failed", false, false],
  ["a self-signed certificate", system("DEPTH_ZERO_SELF_SIGNED_CERT"), "tls_failed", false, false],
  ["an expired one", wrapped(system("CERT_HAS_EXPIRED")), "tls_failed", false, false],
  ["one for another name", wrapped(system("ERR_TLS_CERT_ALTNAME_INVALID")), "tls_failed", false, false],
  ["an old version", system("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"), "tls_failed", false, false],
  ["a server that speaks no TLS", system("EPROTO", "write"), "tls_failed", false, false],
];

test.each(rows)("%s", (_, thrown, code, unsent, retryable) => {
  const error = failure(request, thrown);
  expect([error.code, error.unsent, error.retryable]).toEqual([code, unsent, retryable]);
  expect(error.message).toMatch(/^GET \/v1: /);
});

test("what the transport knows of its progress is told", () => {
  expect(failure(request, system("ECONNRESET"), { unsent: true }).unsent).toBe(true);
  expect(failure(request, system("ECONNRESET"), { status: 200 }).status).toBe(200);
});

test("a transport's own error passes as it is", () => {
  const own = new TransportError("given up", { code: "aborted" });
  expect(failure(request, own)).toBe(own);
});
