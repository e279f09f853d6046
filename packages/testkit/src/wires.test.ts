import { expect, test } from "vitest";
import { templateOf, wires } from "./wires.js";

const templates = wires["mcias"]?.templates ?? [];

test.each([
  ["/v1/auth/login", "/v1/auth/login"],
  ["/v1/accounts/550e8400-e29b-41d4-a716-446655440000/roles", "/v1/accounts/{id}/roles"],
  ["/v1/token/886313e1-3b8a-4372-9b90-0c9aee199e5d", "/v1/token/{jti}"],
  ["/v1/token/validate", "/v1/token/validate"],
  ["/v1/accounts/", "/v1/accounts/{id}"],
  ["/v1/nothing/here", undefined],
])("%s is of %s", (path, template) => {
  expect(templateOf(templates, path)).toBe(template);
});

test("a status has the wire's own body, or none", () => {
  expect(wires["mcias"]?.errorBody(503)).toBe('{"error":"too busy, try again later","code":"internal_error"}');
  expect(wires["mcias"]?.errorBody(418)).toBeUndefined();
});
