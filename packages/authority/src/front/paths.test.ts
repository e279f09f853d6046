import { expect, test } from "vitest";
import { isCanonical } from "./paths.js";

const canonical = [
  "/",
  "/v1/health",
  "/v1/health/",
  "/v1/token/9f0c2a4e-0000-4000-8000-000000000001",
  "/a.b/c..d/...",
  "/.well-known/jwks.json",
  "/~x/_y/-z",
  "/a;b=c/d,e",
  "/a:b@c!$&'()*+,;=",
  "/caf%C3%A9",
  "/a%20b",
  "/a%25b",
  "/a%3Fb",
  "/a%23b",
  "/a%FFb",
  `/${"a".repeat(2047)}`,
];

test.each(canonical)("%s is canonical", (path) => {
  expect(isCanonical(path)).toBe(true);
});

const tricks = [
  "",
  "v1/health",
  "*",
  "http://evil.example/v1/health",
  "//",
  "//v1/health",
  "/v1//health",
  "/v1/health//",
  "///",
  "/.",
  "/..",
  "/./v1/health",
  "/v1/./health",
  "/v1/../v1/health",
  "/v1/health/.",
  "/v1/health/..",
  "/../../etc/passwd",
  "/%2e",
  "/%2E%2E",
  "/v1/%2e%2e/v1/health",
  "/v1/.%2e/health",
  "/v1/%2e./health",
  "/v1%2fhealth",
  "/v1%2Fhealth",
  "/v1/health%2f",
  "/v1/..%2fhealth",
  "/v1/%2e%2e%2fhealth",
  "/v1%5chealth",
  "/v1%5Chealth",
  "/v1/..%5chealth",
  "/v1\\health",
  "/\\evil.example",
  "/v1/health\\..",
  "/v1/health%00",
  "/v1/health%00.json",
  "/v1/%0ahealth",
  "/v1/%0d%0aSet-Cookie:x",
  "/v1/%1fhealth",
  "/v1/health%7f",
  "/v1/%",
  "/v1/%2",
  "/v1/%zz",
  "/v1/%u0041",
  "/v1/%%20",
  "/v1/caf\u00e9",
  "/v1/\u2025/health",
  "/v1/\uff0fhealth",
  "/v1/hea lth",
  "/v1/hea\tlth",
  "/v1/health\n",
  "/v1/health\u0000",
  "/v1/health#x",
  "/v1/health?x",
  "/v1/<script>",
  '/v1/"health"',
  "/v1/{id}",
  "/v1/a|b",
  "/v1/a^b",
  "/v1/a`b",
  "/v1/[a]",
  "/v1/%68ealth",
  "/v1/%48ealth",
  "/v1/%31",
  "/v1/a%2Db",
  "/v1/a%5Fb",
  "/v1/a%7Eb",
  `/${"a".repeat(2048)}`,
];

test.each(tricks)("%j is not canonical", (path) => {
  expect(isCanonical(path)).toBe(false);
});

test("there are at least sixty tricks", () => {
  expect(tricks.length).toBeGreaterThanOrEqual(60);
});
