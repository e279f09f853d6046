import { readFileSync } from "node:fs";
import ts from "typescript";

/**
 * One import in a source file.
 * @typedef {object} Import
 * @property {string} specifier What stands in quotes.
 * @property {boolean} typeOnly True where nothing of it is left at run time.
 * @property {string[]} names The names it takes from there; empty for `*`, for effects only, and for `import()`.
 * @property {number} line Counted from 1.
 */

/**
 * A source file, as far as the rules of the house look at it.
 * @typedef {object} Source
 * @property {Import[]} imports In their order, `export ... from`, `import()` and `require()` with a fixed name included.
 * @property {{ text: string, line: number }[]} words The identifiers and strings of the code, without comments.
 */

/**
 * @param {string} path A TypeScript file.
 * @returns {Source}
 */
export function readSource(path) {
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const lineOf = (/** @type {ts.Node} */ node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  /** @type {Import[]} */
  const imports = [];
  /** @type {Source["words"]} */
  const words = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const found = importIn(node);
    if (found !== undefined) imports.push({ ...found, line: lineOf(node) });
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node)) {
      words.push({ text: node.text, line: lineOf(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { imports, words };
}

/**
 * @param {ts.Node} node
 * @returns {Omit<Import, "line"> | undefined}
 */
function importIn(node) {
  if (ts.isImportDeclaration(node)) {
    return fixed(
      node.moduleSpecifier,
      node.importClause?.isTypeOnly ?? false,
      namesIn(node.importClause?.namedBindings),
    );
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return fixed(node.moduleSpecifier, node.isTypeOnly, namesIn(node.exportClause));
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return fixed(node.argument.literal, true);
  if (ts.isCallExpression(node) && loads(node.expression)) return fixed(node.arguments[0], false);
  return undefined;
}

/** `import(...)`, `require(...)` and `require.resolve(...)`. @param {ts.Expression} callee */
function loads(callee) {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  const name = ts.isPropertyAccessExpression(callee) && callee.name.text === "resolve" ? callee.expression : callee;
  return ts.isIdentifier(name) && name.text === "require";
}

/**
 * Which names a clause takes. `import { type A }` still loads the module: only `import type` leaves nothing behind.
 *
 * @param {ts.NamedImportBindings | ts.NamedExportBindings | undefined} bindings
 * @returns {string[]}
 */
function namesIn(bindings) {
  if (bindings === undefined || !(ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) return [];
  return bindings.elements.map(({ propertyName, name }) => (propertyName ?? name).text);
}

/**
 * @param {ts.Node | undefined} specifier
 * @param {boolean} typeOnly
 * @param {string[]} [names]
 */
function fixed(specifier, typeOnly, names = []) {
  if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return undefined;
  return { specifier: specifier.text, typeOnly, names };
}
