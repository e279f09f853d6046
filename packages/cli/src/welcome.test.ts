import { expect, test } from "vitest";
import { welcome } from "./welcome.js";

const terminal = { stdout: { write: () => undefined }, env: {}, cwd: "/home/ann" };
const authority = { urls: { mcias: "https://localhost:8443/mcias" }, caCert: "/home/ann/cardea-data/tls/ca.pem" };
const started = { authority, dataFolder: "/home/ann/cardea-data", applied: [], idle: [] };

test("what there is nothing to say of is not there", () => {
  expect(welcome(started, terminal)).toBe(
    `Cardea is ready.
  MCIAS  https://localhost:8443/mcias
  Data   cardea-data
  CA     cardea-data/tls/ca.pem (what clients must trust)

Lines to paste:
  curl --cacert cardea-data/tls/ca.pem https://localhost:8443/mcias/v1/health
  NODE_EXTRA_CA_CERTS=cardea-data/tls/ca.pem node -e 'fetch("https://localhost:8443/mcias/v1/keys/public").then(r => r.json()).then(console.log)'

Press Ctrl-C to stop.
`,
  );
});

test("with a certificate of one's own no line names a CA", () => {
  const { urls } = authority;
  const text = welcome({ ...started, authority: { urls } }, terminal);
  expect(text).toContain("  curl https://localhost:8443/mcias/v1/health\n  node -e 'fetch(");
  expect(text).not.toMatch(/CA|cacert/);
});

test("paths outside the folder one stands in are whole, and quoted for the shell", () => {
  const caCert = "/srv/ann's data/ca.pem";
  const text = welcome({ ...started, authority: { ...authority, caCert } }, terminal);
  expect(text).toContain(String.raw`curl --cacert '/srv/ann'\''s data/ca.pem' https://`);
});

test("what the house file did, what it could not, and the set-up link", () => {
  const report = {
    changes: ["created account root (human, role admin)"],
    unchanged: 2,
    generated: true,
    notServed: ["realmid", "auki"],
    warnings: ["root.pw can be read by others than its owner: chmod 600 it"],
  };
  const setupLink = "https://localhost:8443/setup/code";
  const text = welcome(
    { ...started, authority: { ...authority, setupLink }, applied: [report], credentialsOut: "/home/ann/c.json" },
    terminal,
  );
  expect(text).toContain(
    `The house:
  created account root (human, role admin)
  2 entries were as the file says
  generated secrets are in c.json
  not served by this version: realmid, auki
  careful: root.pw can be read by others than its owner: chmod 600 it
`,
  );
  expect(text).toContain(`This link makes one; it works once, within a day:\n  ${setupLink}\n`);
});

test("a database by URL is named without its password", () => {
  const database = "postgres://ann:planted@db.example.com:5433/house?sslpassword=planted";
  const text = welcome({ ...started, database }, terminal);
  expect(text).toContain("  Database  postgres://ann@db.example.com:5433/house\n");
  expect(text).not.toContain("planted");
});
