import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { operations } from "./routes.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const elsewhere = new Set(["node_modules", ".git", "temp", "coverage"]);

/** Files below a folder of the tree, by their paths from its root. */
function files(folder: string, wanted: (path: string) => boolean): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return elsewhere.has(entry.name) ? [] : files(path, wanted);
    return entry.isFile() && wanted(path) ? [relative("", path)] : [];
  });
}

const text = (path: string) => readFileSync(join(root, path), "utf8");
const sources = files("packages", (path) => /\/src\/.*\.ts$/.test(path) && !path.includes(".test."));
const built = files("packages", (path) => /\/dist\/.*\.js$/.test(path) && !path.includes(".test."));

describe("row 34:", () => {
  /** What a name ends with that holds something to be compared in constant time. */
  const secretName = /(?:token|secret|digest|mac|code|password|phc|signature|hash|otp|cookie)s?$/i;
  const compares = new Set([
    ts.SyntaxKind.EqualsEqualsToken,
    ts.SyntaxKind.EqualsEqualsEqualsToken,
    ts.SyntaxKind.ExclamationEqualsToken,
    ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ]);

  /** Where such a comparison is right, and why. */
  const explained: Readonly<Record<string, string>> = {
    "candidate.phc !== before.phc": "two readings of one column of the database; nobody outside gives either",
    "password !== again": "what one person typed twice in one form; nothing of it is stored yet",
    "digestOf(seal.previous, events) === seal.digest": "seals of the audit log prove, and open nothing",
    "row?.digest === digest": "seals of the audit log prove, and open nothing",
    'told["digest"] !== seen.digest': "the checksum of an exported file; whoever has the file can compute it",
  };

  /** The last name of what is compared. A literal and `undefined` tell nothing that is secret. */
  function nameOf(node: ts.Expression): string | undefined {
    if (ts.isIdentifier(node)) return node.text === "undefined" ? undefined : node.text;
    if (ts.isPropertyAccessExpression(node)) return node.name.text;
    if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression))
      return node.argumentExpression.text;
    if (ts.isCallExpression(node) || ts.isNonNullExpression(node) || ts.isAwaitExpression(node))
      return nameOf(node.expression);
    return undefined;
  }

  /** A constant of the code, or nothing at all. */
  function isOpen(node: ts.Expression): boolean {
    return (
      ts.isLiteralExpression(node) ||
      ts.isTypeOfExpression(node) ||
      node.kind === ts.SyntaxKind.NullKeyword ||
      node.kind === ts.SyntaxKind.TrueKeyword ||
      node.kind === ts.SyntaxKind.FalseKeyword ||
      (ts.isIdentifier(node) && node.text === "undefined")
    );
  }

  function comparisonsIn(path: string, code: string): string[] {
    const found: string[] = [];
    const file = ts.createSourceFile(path, code, ts.ScriptTarget.Latest);
    const isSecret = (node: ts.Expression) => secretName.test(nameOf(node) ?? "");
    const visit = (node: ts.Node): void => {
      if (ts.isBinaryExpression(node) && compares.has(node.operatorToken.kind)) {
        const { left, right } = node;
        if (!isOpen(left) && !isOpen(right) && (isSecret(left) || isSecret(right))) found.push(node.getText(file));
      }
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        const { name, expression } = node.expression;
        const given = node.arguments[0];
        const isCompare = ["equals", "compare", "localeCompare", "startsWith", "endsWith"].includes(name.text);
        if (isCompare && given !== undefined && !isOpen(given) && (isSecret(expression) || isSecret(given))) {
          found.push(node.getText(file));
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  }

  test("secrets are compared by the functions made for it, or it is explained why not", () => {
    expect(sources.length).toBeGreaterThan(100);
    const found = sources.flatMap((path) => comparisonsIn(path, text(path)).map((code) => [path, code] as const));
    expect(found.filter(([, code]) => !(code in explained))).toEqual([]);
    for (const code of Object.keys(explained)) expect(found.map(([, other]) => other)).toContain(code);
  });

  test.each([
    "a.token === b.token",
    "given !== secret",
    "mac.equals(x)",
    "Buffer.compare(digest, other)",
    "code == given.code",
  ])("%s is seen", (code) => expect(comparisonsIn("planted.ts", `if (${code}) f();`)).toHaveLength(1));

  test.each(["token === undefined", 'error.code === "busy"', "typeof secret === x", "token.length === 3"])(
    "%s is nothing to see",
    (code) => expect(comparisonsIn("planted.ts", `if (${code}) f();`)).toEqual([]),
  );
});

describe("row 83:", () => {
  /** Keys that everybody knows: of standards and of test data. */
  const known = [/^packages\/[^/]+\/testdata\//, /^packages\/authority\/src\/keys\/signing\.test\.ts$/];
  const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\\nr"]+[A-Za-z0-9+/]{32}/;
  const jwk = /["']?\bd["']?\s*:\s*["'`][A-Za-z0-9_-]{40,}["'`]/;

  test("no key is in the tree, nor in what is built, but those of test data", () => {
    const all = files("", (path) =>
      /\.(?:[cm]?[jt]sx?|json|pem|key|crt|md|ya?ml|txt|env|sh|html)$|\/[^.]*$/.test(path),
    );
    expect(all.length).toBeGreaterThan(200);
    const holding = all.filter((path) => pem.test(text(path)) || jwk.test(text(path)));
    expect(holding.filter((path) => !known.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(holding, "the search finds what is there").toContain("packages/mcias/testdata/tls/server.key.pem");
    expect(holding).toContain("packages/authority/src/keys/signing.test.ts");
  });
});

describe("B2.4:", () => {
  /** The conformance suite is a client: it offers passwords that a server must refuse. */
  const server = built.filter((path) => !path.startsWith("packages/conformance/"));
  /** A constant that stands where a password or a secret belongs. */
  const constant =
    /\b(?:password|passphrase|secret|totp|masterKey|signingKey)["']?\s*(?:[:=]|\?\?)\s*["'`]([^"'`]{2,})["'`]/gi;
  const famous =
    /["'`](?:Password1!|changeme|admin123|letmein|hunter2|insecure[-_ ]?(?:dev|default)?[-_ ]?(?:key|secret))["'`]/i;
  /** Words about passwords, and places for them. */
  const harmless = [/^\$\{/, /\s.*\s.*\s/];

  test("no password and no secret is written into the built files", () => {
    expect(server.length).toBeGreaterThan(100);
    const found = server.flatMap((path) => {
      const code = text(path);
      const constants = [...code.matchAll(constant)].map(([, value]) => value ?? "");
      const suspect = constants.filter((value) => !harmless.some((pattern) => pattern.test(value)));
      return [...suspect, ...(famous.exec(code) ?? [])].map((value) => `${path}: ${value}`);
    });
    expect(found).toEqual([]);
  });
});

describe("row 75:", () => {
  test("every route names its guard, and this is all of them", () => {
    const inventory = Object.fromEntries(operations.map(([, { route, caller }]) => [route, caller]));
    expect(inventory).toEqual({
      "POST /v1/auth/login": "anyone",
      "POST /v1/auth/logout": "bearer",
      "POST /v1/auth/renew": "bearer",
      "POST /v1/token/validate": "bearer_if_any",
      "GET /v1/keys/public": "anyone",
      "GET /v1/health": "anyone",
      "POST /v1/accounts": "administrator",
      "GET /v1/accounts": "administrator",
      "GET /v1/accounts/{id}": "administrator",
      "PATCH /v1/accounts/{id}": "administrator",
      "DELETE /v1/accounts/{id}": "administrator",
      "GET /v1/accounts/{id}/roles": "administrator",
      "PUT /v1/accounts/{id}/roles": "administrator",
      "POST /v1/token/issue": "administrator",
      "DELETE /v1/token/{jti}": "administrator",
      "GET /v1/accounts/{id}/pgcreds": "administrator_or_self",
      "PUT /v1/accounts/{id}/pgcreds": "administrator",
    });
  });
});

describe("row 76:", () => {
  test("nothing is evaluated: no text becomes code", () => {
    const evaluating =
      /\beval\s*\(|\bnew Function\s*\(|\bFunction\s*\(["'`]|from "node:vm"|require\("vm"\)|setTimeout\(\s*["'`]/;
    expect(built.filter((path) => evaluating.test(text(path)))).toEqual([]);
  });
});

describe("row 79, B4:", () => {
  test("no package that users get takes SAML, XML signatures or a package with an install script of its own", () => {
    const manifests = files("packages", (path) => /^packages\/[^/]+\/package\.json$/.test(path));
    expect(manifests.length).toBeGreaterThan(3);
    const taken = manifests.flatMap((path) => {
      const { dependencies = {} } = JSON.parse(text(path)) as { dependencies?: Record<string, string> };
      return Object.keys(dependencies);
    });
    expect(taken.filter((name) => /saml|xml-?(?:crypto|dsig|enc)|xmldom|bcrypt$|node-gyp|vm2/i.test(name))).toEqual([]);
  });
});
