import { expect, test } from "vitest";
import { operationsAt } from "./operations.js";

test("without overrides the routes are those of the contract", () => {
  expect(operationsAt().revokeToken.route).toBe("DELETE /v1/token/{jti}");
});

test("an override moves one operation and leaves the others", () => {
  const operations = operationsAt({ revokeToken: "POST /v2/revocations/{jti}" });
  expect(operations.revokeToken).toMatchObject({ route: "POST /v2/revocations/{jti}", caller: "administrator" });
  expect(operations.logout.route).toBe("POST /v1/auth/logout");
});

test.each([
  ["an unknown operation", { restart: "POST /v1/restart" }, /no operation "restart"/],
  ["what is in the contract and no operation", { mcias: "GET /v1" }, /no operation "mcias"/],
  ["what every object has", { toString: "GET /v1" }, /no operation "toString"/],
  ["an unknown method", { health: "FETCH /v1/health" }, /method/],
  ["a path that is none", { health: "GET v1/health" }, /path/],
  ["a path without the id", { deleteAccount: "DELETE /v1/accounts" }, /same parts as \/v1\/accounts\/\{id\}/],
  ["a path with another id", { deleteAccount: "DELETE /v1/accounts/{account}" }, /same parts/],
])("%s is refused", (_, paths, message) => {
  expect(() => operationsAt(paths as object)).toThrow(TypeError);
  expect(() => operationsAt(paths as object)).toThrow(message);
});
