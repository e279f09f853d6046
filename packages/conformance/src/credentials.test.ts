import { expect, test } from "vitest";
import { parseCredentials } from "./credentials.js";

const administrator = { username: "root", password: "planted" };

test("a good file is read whole", () => {
  const file = {
    administrator: { ...administrator, totpSecret: "GEZDGNBVGY3TQOJQ" },
    totp: { username: "otto", password: "p", secret: "GEZDGNBVGY3TQOJQ" },
  };
  expect(parseCredentials(JSON.stringify(file))).toEqual(file);
  expect(parseCredentials(JSON.stringify({ administrator }))).toEqual({ administrator });
});

test.each<[unknown, RegExp]>([
  [[], /should be an object/],
  [{}, /administrator should be an object/],
  [{ administrator, planted: 1 }, /a member that means nothing: planted/],
  [{ administrator: { username: "root" } }, /administrator\.password should be a text/],
  [{ administrator: { username: "", password: "planted" } }, /administrator\.username should be a text/],
  [{ administrator: { ...administrator, passwort: "x" } }, /administrator has a member that means nothing: passwort/],
  [{ administrator: { ...administrator, totpSecret: "planted 1" } }, /administrator\.totpSecret should be base32/],
  [{ administrator, totp: { username: "otto", password: "planted" } }, /totp\.secret should be a text/],
  [{ administrator, totp: { username: "otto", password: "planted", secret: "0" } }, /totp\.secret should be base32/],
])("%j is refused, and the error shows no value", (file, message) => {
  expect(() => parseCredentials(JSON.stringify(file))).toThrow(message);
});

test("what is no JSON is refused without being quoted", () => {
  expect(() => parseCredentials('{"password":"planted')).toThrow(/^the credentials file is no JSON$/);
});
