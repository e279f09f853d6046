import { randomBytes, randomUUID } from "node:crypto";
import { newAuthenticator } from "../mcias/authenticator.js";
import type { RawReply } from "../mcias/house.js";
import { minute, ottoSecret, passwords, usualHouse } from "../mcias/house.js";
import { totpCode } from "@cardea/authority";
import { extendedClient, type ExtendedClient } from "@cardea/mcias/extended";
// The code of a single sign-on reaches its client by way of a browser, which is left out.
import { findSsoClient } from "../../packages/authority/dist/dialects/mcias/extended/sso-clients.js";
import { newSsoCode, offerSsoCode } from "../../packages/authority/dist/dialects/mcias/extended/sso-codes.js";
import { sha256 } from "../../packages/authority/dist/keys/digest.js";
import { offer, type SingleUseKind } from "../../packages/authority/dist/storage/single-use.js";
import type { Arena, Door, Opener } from "./arena.js";

/** How many want the same thing at once. */
const contestants = 8;

/** Runs one race and counts those who won. */
export interface Race {
  /** Where it is not one. */
  readonly winners?: number;
  /** Opens an arena of its own, which takes so long that it is run once. */
  readonly own?: true;
  run(arena: Arena, opener: Opener): Promise<number>;
}

/** Everything that may be used once, by its kind. A kind without a race fails the suite. */
export const singleUseRaces: Readonly<Record<SingleUseKind, Race>> = {
  setup_link: {
    own: true,
    async run(_, opener) {
      await using empty = await opener.open({});
      // With several authorities the link of the last one to start is the one that is good.
      const link = empty.doors.at(-1)?.setupLink as string;
      const form = { password: passwords.root, again: passwords.root };
      const pages = await atOnce(empty, (door, n) => door.visit(link, { ...form, username: `root${n}` }));
      return winnersAmong(pages, 200, 404);
    },
  },

  totp_enrolment: {
    async run(arena) {
      const { token, more } = await newcomer(arena);
      const { secret } = await more.enrollTotp(passwords.alice);
      const body = { code: totpCode(secret, arena.clock.now()) };
      const replies = await atOnce(arena, (door) => door.raw("POST", "/v1/auth/totp/confirm", { token, body }));
      return winnersAmong(replies, 204, 409);
    },
  },

  webauthn_registration: {
    async run(arena) {
      const { token, more } = await newcomer(arena);
      const { challenge } = await more.beginWebauthnRegistration(passwords.alice);
      // Authenticators of their own: it is the challenge that is raced for, and not the name of a credential.
      const replies = await atOnce(arena, (door) => {
        const credential = newAuthenticator(door.origin, "Ed25519").register(challenge);
        return door.raw("POST", "/v1/auth/webauthn/register/finish", { token, body: { credential } });
      });
      return winnersAmong(replies, 201, 400);
    },
  },

  webauthn_login: {
    async run(arena) {
      const [door] = arena.doors;
      const { more } = await newcomer(arena);
      // It does not count its signatures, so that nothing but the challenge makes an answer good once.
      const authenticator = newAuthenticator(door.origin, "Ed25519", { counts: false });
      const registration = await more.beginWebauthnRegistration(passwords.alice);
      await more.finishWebauthnRegistration(authenticator.register(registration.challenge));
      const { challenge } = await more.beginWebauthnLogin();
      const replies = await atOnce(arena, ({ raw, origin }) => {
        const credential = authenticator.login(challenge, { origin });
        return raw("POST", "/v1/auth/webauthn/login/finish", { body: { credential } });
      });
      return winnersAmong(replies, 200, 401);
    },
  },

  sso_code: {
    async run(arena) {
      const [door] = arena.doors;
      const root = extendedClient(door.client(await tokenOf(arena, "root")));
      const redirectUri = "https://app.test/signed-in";
      const { clientId } = await root.createSsoClient({ clientId: `app-${randomUUID()}`, redirectUri });
      // A browser gets the code from the page. Here it is made as the page makes it.
      const code = newSsoCode();
      const client = await findSsoClient(door.storage.read, clientId);
      const accountId = await rowIdOf(door, "alice");
      const origin = { wire: "mcias", operation: "authorize" };
      await door.storage.unit((tx) =>
        offerSsoCode(tx, origin, arena.clock.now(), code, accountId, client as NonNullable<typeof client>),
      );
      const body = { code, client_id: clientId, redirect_uri: redirectUri };
      const replies = await atOnce(arena, (one) => one.raw("POST", "/v1/sso/token", { body }));
      return winnersAmong(replies, 200, 401);
    },
  },
};

/** What else only one may win. */
export const otherRaces: Readonly<Record<string, Race>> = {
  "a token renewed": {
    async run(arena) {
      const token = await tokenOf(arena, "alice");
      return winnersAmong(await atOnce(arena, (door) => door.raw("POST", "/v1/auth/renew", { token })), 200, 401);
    },
  },

  "a logout": {
    async run(arena) {
      const token = await tokenOf(arena, "alice");
      return winnersAmong(await atOnce(arena, (door) => door.raw("POST", "/v1/auth/logout", { token })), 204, 401);
    },
  },

  "a token that some renew while others log out": {
    async run(arena) {
      const token = await tokenOf(arena, "alice");
      const replies = await atOnce(arena, (door, n) =>
        door.raw("POST", n % 2 === 0 ? "/v1/auth/renew" : "/v1/auth/logout", { token }),
      );
      return replies.filter(({ status }) => status !== 401).length;
    },
  },

  "a step of a TOTP code": {
    async run(arena) {
      // A step that no race before has used up.
      arena.clock.turn(2 * minute);
      const totp_code = totpCode(ottoSecret, arena.clock.now());
      const body = { username: "otto", password: passwords.otto, totp_code };
      return winnersAmong(await atOnce(arena, (door) => door.raw("POST", "/v1/auth/login", { body })), 200, 401);
    },
  },

  "a name for a new account": {
    async run(arena) {
      const token = await tokenOf(arena, "root");
      const body = { username: `new-${randomUUID()}`, account_type: "system" };
      const replies = await atOnce(arena, (door) => door.raw("POST", "/v1/accounts", { token, body }));
      return winnersAmong(replies, 201, 409);
    },
  },

  "the live token of a system account": {
    async run(arena) {
      const token = await tokenOf(arena, "root");
      const body = { account_id: await subjectOf(arena, "ingest") };
      const replies = await atOnce(arena, (door) => door.raw("POST", "/v1/token/issue", { token, body }));
      if (winnersAmong(replies, 200, 200) !== contestants) throw new Error("an issue was refused");
      const [door] = arena.doors;
      const checks = replies.map((reply) => door.client().validateToken(reply.body.token as string));
      return (await Promise.all(checks)).filter(({ valid }) => valid).length;
    },
  },

  "the deletion of an account": {
    async run(arena) {
      const token = await tokenOf(arena, "root");
      const { id } = await arena.doors[0].client(token).createAccount(`gone-${randomUUID()}`, "system");
      return winnersAmong(await atOnce(arena, (door) => door.raw("DELETE", `/v1/accounts/${id}`, { token })), 204, 404);
    },
  },

  "the last administrator": {
    own: true,
    async run(_, opener) {
      const names = Array.from({ length: contestants }, (_, n) => `root${n}`);
      const accounts = names.map((username) => ({ username, password: passwords.root, roles: ["admin"] }));
      await using arena = await opener.open({ accounts, mcias: { rates: { login: "off", validate: "off" } } });
      const { token } = await arena.doors[0].client().login("root0", passwords.root);
      const ids = await Promise.all(names.map((name) => subjectOf(arena, name, token)));
      // A token keeps its roles, so that all of them may go on to strip the others.
      const replies = await atOnce(arena, (door, n) =>
        door.raw("PUT", `/v1/accounts/${ids[n]}/roles`, { token, body: { roles: [] } }),
      );
      const refused = contestants - winnersAmong(replies, 204, 409);
      const left = await Promise.all(ids.map((id) => arena.doors[0].client(token).getRoles(id)));
      return left.flat().length === refused ? refused : Number.NaN;
    },
  },

  "the guesses that are left": {
    // The ledger lets through as many as its limit, whoever comes at once.
    winners: 3,
    own: true,
    async run(_, opener) {
      await using own = await opener.open(usualHouse({}, { guesses: { limit: 3 } }));
      const replies = await atOnce(own, (door, n) =>
        door.raw("POST", "/v1/auth/login", { body: { username: "alice", password: `guess ${n}` } }),
      );
      const odd = replies.find(({ status }) => status !== 401 && status !== 503);
      if (odd !== undefined) throw new Error(`a guess was answered with ${odd.status}`);
      const failures = await own.doors[0].storage.read
        .selectFrom("audit_events")
        .select("details")
        .where("type", "=", "login_fail")
        .execute();
      return failures.filter(({ details }) => details === '{"reason":"password"}').length;
    },
  },
};

/** What the races are for: a thing that is looked at first and taken after. */
export const carelessRace: Race = {
  async run(arena) {
    const digest = sha256(randomBytes(32).toString("base64url"));
    const now = arena.clock.now();
    await arena.doors[0].storage.unit((tx) =>
      offer(tx, { kind: "setup_link", digest, payload: {}, expiresAt: now + minute, now }),
    );
    const taken = await atOnce(arena, async ({ storage }) => {
      const free = await storage.read
        .selectFrom("one_time")
        .select("digest")
        .where("digest", "=", digest)
        .where("consumed_at", "is", null)
        .executeTakeFirst();
      if (free === undefined) return false;
      await storage.unit((tx) =>
        tx.updateTable("one_time").set({ consumed_at: now }).where("digest", "=", digest).execute(),
      );
      return true;
    });
    return taken.filter(Boolean).length;
  },
};

/** All of them at once, through the doors in turn. */
function atOnce<T>({ doors }: Pick<Arena, "doors">, contend: (door: Door, n: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: contestants }, (_, n) => contend(doors[n % doors.length] as Door, n)));
}

/** How many were answered as winners. An answer that is neither is an error: a race that broke down proves nothing. */
function winnersAmong(replies: readonly RawReply[], won: number, lost: number): number {
  const odd = replies.find(({ status }) => status !== won && status !== lost);
  if (odd !== undefined) throw new Error(`a contestant was answered with ${odd.status}: ${odd.text}`);
  return replies.filter(({ status }) => status === won).length;
}

async function tokenOf({ doors: [door] }: Arena, username: "alice" | "root"): Promise<string> {
  return (await door.client().login(username, passwords[username])).token;
}

/** Somebody new, who has nothing yet. */
async function newcomer(arena: Arena): Promise<{ readonly token: string; readonly more: ExtendedClient }> {
  const [door] = arena.doors;
  const username = `new-${randomUUID()}`;
  await door.client(await tokenOf(arena, "root")).createAccount(username, "human", passwords.alice);
  const client = door.client();
  const { token } = await client.login(username, passwords.alice);
  return { token, more: extendedClient(client) };
}

/** What MCIAS calls an account. */
async function subjectOf(arena: Arena, username: string, token?: string): Promise<string> {
  const all = await arena.doors[0].client(token ?? (await tokenOf(arena, "root"))).listAccounts();
  return all.find((account) => account.username === username)?.id ?? "";
}

async function rowIdOf({ storage }: Door, username: string): Promise<string> {
  const row = await storage.read
    .selectFrom("identifiers")
    .select("account_id")
    .where("value", "=", username)
    .executeTakeFirstOrThrow();
  return row.account_id;
}
