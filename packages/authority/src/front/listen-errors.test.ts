import { expect, test } from "vitest";
import { listenError } from "./listen-errors.js";

const failed = (code: string) => Object.assign(new Error(code), { code });

test.each([
  ["EADDRINUSE", "port_in_use", /port 8443 on 10\.0\.0\.7/],
  ["EACCES", "port_denied", /port 8443/],
  ["EADDRNOTAVAIL", "address_unavailable", /10\.0\.0\.7/],
  ["ENOTFOUND", "address_unavailable", /10\.0\.0\.7/],
])("%s is %s, and says what to do", (system, code, message) => {
  const error = listenError(failed(system), "10.0.0.7", 8443);
  expect(error).toMatchObject({ code, help: expect.any(String) });
  expect(error.message).toMatch(message);
});

test("what has no explanation is passed on as it is", () => {
  const error = failed("EMFILE");
  expect(listenError(error, "127.0.0.1", 1)).toBe(error);
});
