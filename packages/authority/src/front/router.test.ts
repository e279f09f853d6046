import { expect, test } from "vitest";
import { createRouter } from "./router.js";

const routes = [
  "GET /v1/health",
  "POST /v1/token/validate",
  "DELETE /v1/token/{jti}",
  "GET /v1/accounts",
  "POST /v1/accounts",
  "GET /v1/accounts/{id}",
  "PUT /v1/accounts/{account}/roles",
  "GET /a/x/c",
  "GET /a/{id}/d",
];
const match = createRouter(
  routes.map((route) => {
    const [method = "", path = ""] = route.split(" ");
    return { method, path, target: route };
  }),
);

test.each([
  ["GET", "/v1/health", "GET /v1/health", {}],
  ["POST", "/v1/accounts", "POST /v1/accounts", {}],
  ["GET", "/v1/accounts/7", "GET /v1/accounts/{id}", { id: "7" }],
  ["PUT", "/v1/accounts/7/roles", "PUT /v1/accounts/{account}/roles", { account: "7" }],
  ["GET", "/v1/accounts/caf%C3%A9%20%2525", "GET /v1/accounts/{id}", { id: "caf\u00e9 %25" }],
  ["DELETE", "/v1/token/valid", "DELETE /v1/token/{jti}", { jti: "valid" }],
  ["GET", "/a/x/d", "GET /a/{id}/d", { id: "x" }],
  ["GET", "/v1/accounts/__proto__", "GET /v1/accounts/{id}", { id: "__proto__" }],
])("%s %s leads to %s", (method, path, target, parts) => {
  expect(match(method, path)).toEqual({ target, parts });
});

test.each(
  [
    ["/", "/v1", "/v1/", "/v1/health/", "/v1/health/x", "/V1/health", "/v1/Health"],
    ["/v1/accounts/", "/v1/accounts//roles", "/v1/accounts/7/", "/v1/accounts/7/roles/"],
    ["/v1/accounts/%ff", "/v1/accounts/%C3", "/v1/accounts/constructor/prototype", "/{id}", ""],
  ].flat(),
)("%j is unknown", (path) => {
  expect(match("GET", path)).toBeUndefined();
});

test.each([
  ["POST", "/v1/health", ["GET", "HEAD"]],
  ["get", "/v1/health", ["GET", "HEAD"]],
  ["OPTIONS", "/v1/accounts", ["GET", "HEAD", "POST"]],
  ["PATCH", "/v1/accounts/7", ["GET", "HEAD"]],
])("%s %s allows %j", (method, path, allow) => {
  expect(match(method, path)).toEqual({ allow });
});

test("a fixed segment wins over a template for every method", () => {
  expect(match("DELETE", "/v1/token/validate")).toEqual({ allow: ["POST"] });
});

test("two routes with one meaning are refused, however their parts are called", () => {
  const twice = ["/x/{a}", "/x/{b}"].map((path) => ({ method: "GET", path, target: path }));
  expect(() => createRouter(twice)).toThrow(/two routes/);
});
