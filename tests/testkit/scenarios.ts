import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { totpCode } from "@cardea/testkit";
import type { MockAccount } from "@cardea/testkit/mcias";
import { forbiddenService, type Setting, type World } from "./worlds.js";

const require = createRequire(import.meta.url);

/** A file of 7.2 or 7.3, as it is written. */
export function fixture(name: string): string {
  return readFileSync(require.resolve(`@cardea/mcias/testdata/${name}.json`), "utf8").trimEnd();
}

/** Something that a program does, and the fixtures of its request and of its reply. */
export type Step = readonly [
  name: string,
  act: (world: World) => Promise<unknown>,
  sent?: string | undefined,
  got?: string | undefined,
];

export interface Scenario extends Setting {
  readonly name: string;
  readonly steps: readonly Step[];
}

interface Known {
  readonly token: string;
  readonly claims: { readonly sub: string; readonly jti: string };
}

const known: Readonly<Record<string, Known>> = Object.fromEntries(
  JSON.parse(fixture("tokens")).tokens.map((one: Known & { readonly name: string }) => [one.name, one]),
);
const sub = (name: string) => known[name]?.claims.sub as string;
const jti = (name: string) => known[name]?.claims.jti as string;

const nine = Date.parse("2026-03-11T09:00:00Z");
const hour = 3_600_000;
const bob = "d0a646d3-9c61-4cb7-bfcd-ee2522c8f633";
const nobody = "c9a646d3-9c61-4cb7-bfcd-ee2522c8f633";
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const root = { username: "root", password: "root's very long passphrase", roles: ["admin"] } as const;
const alice = { username: "alice", password: "correct horse battery", roles: ["user"] } as const;
const cautiousAlice: MockAccount = { ...alice, totpSecret: secret };

/** Logs in and keeps the client for later steps. */
function login({ username, password }: typeof root | typeof alice) {
  return async (world: World) => {
    const client = world.client();
    world.clients[username] = client;
    const result = await client.login(username, password);
    world.ids[username] = tokenIdsOf(result.token).sub;
    return result;
  };
}

function tokenIdsOf(token: string): { readonly sub: string; readonly jti: string } {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
}

const as = (world: World, name: string) => world.clients[name] ?? world.client();
const id = (world: World, name: string) => world.ids[name] ?? nobody;

const everyday: readonly Step[] = [
  ["root logs in", login(root)],
  ["alice logs in", login(alice), "request_login", "login"],
  ["the public key", (world) => world.client().getPublicKey(), undefined, "public_key"],
  ["health", (world) => world.client().health(), undefined, "health"],
  [
    "a token that is valid",
    (world) => world.client().validateToken(as(world, "alice").token ?? ""),
    "request_validate_token",
    "validate_valid",
  ],
  ["one that is not", (world) => world.client().validateToken("a.b.c"), undefined, "validate_invalid"],
  ["an account as it is", (world) => as(world, "root").getAccount(id(world, "alice")), undefined, "account_human"],
  [
    "a system account is made",
    async (world) => {
      const account = await as(world, "root").createAccount("ingest", "system");
      world.ids["ingest"] = account.id;
      return account;
    },
    "request_create_account_system",
    "account_system",
  ],
  [
    "the list",
    async (world) => {
      const accounts = await as(world, "root").listAccounts();
      // Those of one second stand in the order of their ids, and a server's are random.
      return accounts.sort((a, b) => a.username.localeCompare(b.username));
    },
  ],
  [
    "a person is made",
    async (world) => {
      const account = await as(world, "root").createAccount("bob", "human", "another long passphrase");
      world.ids["bob"] = account.id;
      return account;
    },
    "request_create_account_human",
  ],
  ["roles are set", (world) => as(world, "root").setRoles(id(world, "bob"), ["user", "editor"]), "request_set_roles"],
  ["and read", (world) => as(world, "root").getRoles(id(world, "bob")), undefined, "roles"],
  ["and taken", (world) => as(world, "root").setRoles(id(world, "bob"), [])],
  ["and are none", (world) => as(world, "root").getRoles(id(world, "bob")), undefined, "roles_empty"],
  ["a system account has roles", (world) => as(world, "root").setRoles(id(world, "ingest"), ["ingest"])],
  [
    "a service token is issued",
    async (world) => {
      const issued = await as(world, "root").issueServiceToken(id(world, "ingest"));
      world.ids["ingest token"] = tokenIdsOf(issued.token).jti;
      return issued;
    },
    "request_issue_service_token",
    "issue_service_token",
  ],
  [
    "database credentials are stored",
    (world) =>
      as(world, "root").setPgCreds(
        id(world, "ingest"),
        "db.example.com",
        5432,
        "ingest",
        "ingest_rw",
        "fixture-only-secret",
      ),
    "request_set_pg_creds",
  ],
  ["and read", (world) => as(world, "root").getPgCreds(id(world, "ingest")), undefined, "pg_creds"],

  ["400", (world) => as(world, "root").createAccount("eve", "human", "short")],
  ["401 for credentials", (world) => world.client().login("alice", "wrong"), undefined, "error_unauthorized"],
  ["401 for a token", (world) => world.client({ token: "a.b.c" }).listAccounts(), undefined, "error_token"],
  ["403 for a role", (world) => as(world, "alice").listAccounts(), undefined, "error_forbidden"],
  [
    "403 by policy",
    (world) => world.client({ serviceName: forbiddenService }).login("alice", alice.password),
    undefined,
    "error_policy",
  ],
  ["404", (world) => as(world, "root").getAccount(nobody), undefined, "error_not_found"],
  ["409", (world) => as(world, "root").createAccount("ingest", "system"), undefined, "error_conflict"],

  [
    "alice renews an hour later",
    (world) => {
      world.clock.advance(hour);
      return as(world, "alice").renewToken();
    },
    undefined,
    "renew",
  ],
  [
    "bob is deactivated",
    (world) => as(world, "root").updateAccount(id(world, "bob"), { status: "inactive" }),
    "request_update_account",
  ],
  ["and deleted", (world) => as(world, "root").deleteAccount(id(world, "bob"))],
  ["a token is revoked", (world) => as(world, "root").revokeToken(id(world, "ingest token"))],
  ["alice logs out", (world) => as(world, "alice").logout()],
  [
    "429",
    async (world) => {
      await world.exhaustValidation();
      return world.client().validateToken("a.b.c");
    },
    undefined,
    "error_rate_limited",
  ],
  [
    "500",
    (world) => {
      world.breakStorage();
      return as(world, "root").createAccount("never", "system");
    },
    undefined,
    "error_internal",
  ],
];

export const scenarios: readonly Scenario[] = [
  {
    name: "every operation and every error of the seed profile",
    now: nine,
    people: [root, alice],
    ids: [
      ...[sub("root"), sub("alice"), jti("root"), jti("alice"), sub("ingest")],
      // Bob's, and the one that a second account of one name does not get.
      ...[bob, jti("ingest"), nobody, jti("alice_renewed")],
    ],
    steps: everyday,
  },
  {
    name: "the extended profile",
    now: nine,
    people: [alice],
    profile: "extended",
    ids: [sub("alice"), jti("alice")],
    steps: [
      ["alice logs in", login(alice), "request_login", "login"],
      [
        "a token is validated",
        (world) => world.client().validateToken(as(world, "alice").token ?? ""),
        "request_validate_token",
        "validate_valid_extended",
      ],
    ],
  },
  {
    name: "a login with everything, at the time of the code in 7.1",
    now: 59_000,
    people: [cautiousAlice],
    ids: [],
    steps: [
      ["without the code", (world) => world.client().login("alice", alice.password), undefined, "error_totp_required"],
      [
        "with it",
        (world) =>
          world
            .client({ serviceName: "mcq", tags: ["env:restricted"] })
            .login("alice", alice.password, totpCode(secret, 59_000)),
        "request_login_full",
      ],
    ],
  },
  {
    name: "an account with a code, deactivated an hour after it was made",
    now: nine,
    people: [root, cautiousAlice],
    ids: [sub("root"), sub("alice")],
    steps: [
      ["root logs in", login(root)],
      [
        "alice is deactivated",
        async (world) => {
          const found = (await as(world, "root").listAccounts()).find(({ username }) => username === "alice");
          world.clock.advance(hour);
          return as(world, "root").updateAccount(found?.id ?? nobody, { status: "inactive" });
        },
        "request_update_account",
        "account_inactive",
      ],
    ],
  },
];
