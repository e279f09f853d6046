import { inspect } from "node:util";
import { InputError } from "@cardea/core";
import { expect, test } from "vitest";
import { readServerUrl } from "./server-url.js";

const strictly = { allowInsecureLoopback: false };
const loosely = { allowInsecureLoopback: true };

test.each([
  ["https://auth.example.com:8443", "https://auth.example.com:8443", "https://auth.example.com:8443"],
  ["https://auth.example.com/", "https://auth.example.com", "https://auth.example.com"],
  ["https://auth.example.com:8443/mcias//", "https://auth.example.com:8443/mcias", "https://auth.example.com:8443"],
  ["HTTPS://AUTH.example.com/a/../b", "https://auth.example.com/b", "https://auth.example.com"],
])("%s is called at %s and shown as %s", (text, base, origin) => {
  expect(readServerUrl(text, strictly)).toEqual({ base, origin });
});

test.each(["http://localhost:8080", "http://127.0.0.1:8080/mcias", "http://[::1]:8080"])(
  "%s is taken only by those who ask for it",
  (text) => {
    expect(readServerUrl(text, loosely).base).toBe(text);
    expect(() => readServerUrl(text, strictly)).toThrow(/only https/);
  },
);

test.each([
  "http://auth.example.com",
  "http://localhost.example.com",
  "http://127.0.0.1.example.com",
  "http://10.0.0.1",
  "ftp://localhost",
  "file:///etc/passwd",
])("%s is refused in every case", (text) => {
  expect(() => readServerUrl(text, loosely)).toThrow(InputError);
});

test.each([
  "https://user:planted-password@auth.example.com",
  "https://planted-password@auth.example.com",
  "https://auth.example.com/?planted-password",
  "https://auth.example.com/#planted-password",
  "planted-password",
])("what is refused is not shown: %s", (text) => {
  let error: unknown;
  try {
    readServerUrl(text, loosely);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(InputError);
  expect(inspect(error, { depth: 9 })).not.toContain("planted");
});
