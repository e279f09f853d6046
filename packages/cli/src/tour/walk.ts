import { equal } from "@cardea/core";
import type { Account, MciasClient } from "@cardea/mcias";
import type { TourSecrets } from "./house.js";
import type { Narrator } from "./narrator.js";
import { idOf, type Words } from "./words.js";

/** What the tour walks with. */
export interface Walk {
  readonly narrator: Narrator;
  readonly secrets: TourSecrets;
  /** A new client, with a token or without. */
  client(token?: string): MciasClient;
  /** The code that Otto's authenticator app shows now. */
  code(): string;
  readonly words: Words;
}

/** Who is met on the way. */
interface Cast {
  readonly root: MciasClient;
  readonly alice: MciasClient;
  readonly aliceAccount: Account;
  readonly ingestAccount: Account;
}

const nobody = "00000000-0000-4000-8000-000000000000";

/** The whole tour, through the client and nothing else: every operation of MCIAS, and one error of each kind. */
export async function walk(tour: Walk): Promise<void> {
  const root = await logIn(tour);
  const cast = await createAccounts(tour, root);
  await serveAProgram(tour, cast);
  await beRefused(tour, cast);
  await leave(tour, cast);
}

/** @returns the client of an administrator */
async function logIn({ narrator, secrets, client, code, words }: Walk): Promise<MciasClient> {
  const [root, otto] = [client(), client()];

  narrator.chapter("Is anybody there?");
  await narrator.asks("health", "are you well?").gives(
    "yes",
    () => root.health(),
    () => "yes",
  );
  await narrator.asks("getPublicKey", "what checks your signatures?").gives(
    "an Ed25519 key",
    () => root.getPublicKey(),
    ({ crv }) => `an ${crv} key`,
  );

  narrator.chapter("People log in");
  const { token } = await narrator
    .asks("login", "root, with a password")
    .gives("a token for 8 hours", () => root.login("root", secrets.root), words.token);
  await narrator
    .asks("validateToken", "whose is root's token?")
    .gives("valid, roles: admin", () => root.validateToken(token), words.validity);
  await narrator
    .asks("login", "otto, with a password alone")
    .isRefused("401 totp_required", () => otto.login("otto", secrets.otto));
  await narrator
    .asks("login", "otto, with a code as well")
    .gives("a token for 30 days", () => otto.login("otto", secrets.otto, code()), words.token);
  return root;
}

async function createAccounts({ narrator, secrets, client, words }: Walk, root: MciasClient): Promise<Cast> {
  narrator.chapter("root makes accounts");
  const aliceAccount = await narrator
    .asks("createAccount", "alice, a human")
    .gives("alice: human, active", () => root.createAccount("alice", "human", secrets.alice), words.account);
  await narrator
    .asks("setRoles", "alice: user, editor")
    .gives("done", () => root.setRoles(aliceAccount.id, ["user", "editor"]));
  await narrator.asks("getRoles", "of alice").gives("editor, user", () => root.getRoles(aliceAccount.id), words.list);
  const alice = client();
  await narrator
    .asks("login", "alice, with a password")
    .gives("a token for 30 days", () => alice.login("alice", secrets.alice), words.token);
  const ingestAccount = await narrator
    .asks("createAccount", "ingest, a system account")
    .gives("ingest: system, active", () => root.createAccount("ingest", "system"), words.account);
  await narrator.asks("setRoles", "ingest: ingest").gives("done", () => root.setRoles(ingestAccount.id, ["ingest"]));
  await narrator.asks("listAccounts", "who is there?").gives(
    "alice, ingest, otto, root",
    () => root.listAccounts(),
    (all) => words.list(all.map(({ username }) => username).sort()),
  );
  return { root, alice, aliceAccount, ingestAccount };
}

async function serveAProgram({ narrator, secrets, client, words }: Walk, { root, ingestAccount }: Cast): Promise<void> {
  const { id } = ingestAccount;
  narrator.chapter("A program gets a token, and its database");
  const { token } = await narrator
    .asks("issueServiceToken", "root, for ingest")
    .gives("a token for 365 days", () => root.issueServiceToken(id), words.token);
  const ingest = client(token);
  await narrator
    .asks("validateToken", "whose is ingest's token?")
    .gives("valid, roles: ingest", () => ingest.validateToken(token), words.validity);
  await narrator
    .asks("setPgCreds", "root, for ingest")
    .gives("done", () => root.setPgCreds(id, "db.internal", 5432, "metrics", "ingest", secrets.database));
  await narrator.asks("getPgCreds", "ingest, for itself").gives(
    "ingest@db.internal:5432",
    () => ingest.getPgCreds(id),
    (creds) =>
      equal(creds.password, secrets.database) ? `${creds.username}@${creds.host}:${creds.port}` : "not the password",
  );
  const renewed = await narrator
    .asks("renewToken", "ingest, for itself")
    .gives("a token for 365 days", () => ingest.renewToken(), words.token);
  await narrator
    .asks("validateToken", "is the old one still good?")
    .gives("not valid", () => root.validateToken(token), words.validity);
  await narrator.asks("revokeToken", "root, the new one").gives("done", () => root.revokeToken(idOf(renewed.token)));
  await narrator
    .asks("validateToken", "and the new one?")
    .gives("not valid", () => root.validateToken(renewed.token), words.validity);
}

async function beRefused({ narrator, secrets, client }: Walk, { root, alice, aliceAccount }: Cast): Promise<void> {
  narrator.chapter("What is refused, and how");
  await narrator
    .asks("issueServiceToken", "root, for a human")
    .isRefused("400 bad_request", () => root.issueServiceToken(aliceAccount.id));
  await narrator
    .asks("login", "alice, with a wrong password")
    .isRefused("401 unauthorized", () => client().login("alice", `not ${secrets.alice}`));
  await narrator.asks("listAccounts", "alice, who is no admin").isRefused("403 forbidden", () => alice.listAccounts());
  await narrator
    .asks("getAccount", "root, one that is not there")
    .isRefused("404 not_found", () => root.getAccount(nobody));
  await narrator
    .asks("createAccount", "root, a second alice")
    .isRefused("409 conflict", () => root.createAccount("alice", "human", secrets.alice));
}

async function leave({ narrator, words }: Walk, { root, alice, aliceAccount: { id } }: Cast): Promise<void> {
  const [aliceToken = "", rootToken = ""] = [alice.token, root.token];
  narrator.chapter("Everybody leaves");
  await narrator
    .asks("updateAccount", "alice: inactive")
    .gives("alice: human, inactive", () => root.updateAccount(id, { status: "inactive" }), words.account);
  await narrator
    .asks("validateToken", "is alice's token still good?")
    .gives("not valid", () => root.validateToken(aliceToken), words.validity);
  await narrator.asks("deleteAccount", "alice").gives("done", () => root.deleteAccount(id));
  await narrator
    .asks("getAccount", "what is left of alice?")
    .gives("alice: human, deleted", () => root.getAccount(id), words.account);
  await narrator.asks("logout", "root").gives("done", () => root.logout());
  await narrator
    .asks("validateToken", "is root's token still good?")
    .gives("not valid", () => root.validateToken(rootToken), words.validity);
}
