import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  MciasAuthError,
  MciasConflictError,
  MciasInputError,
  MciasNotFoundError,
  type MciasClient,
} from "@cardea/mcias";
import { extendedClient, type ExtendedClient, type LoginResponse } from "@cardea/mcias/extended";
import { newAuthenticator, type KeyKind, type Twist } from "./authenticator.js";
import { claimsOf, openHouse, passwords, usualHouse, uuid, type TestHouse } from "./house.js";

let house: TestHouse;
let root: MciasClient;
let origin: string;
const password = "a first long passphrase";

beforeAll(async () => {
  house = await openHouse(usualHouse({ profile: "extended" }));
  root = house.client(await house.tokenOf("root"));
  origin = new URL(house.url).origin;
});
afterAll(() => house[Symbol.asyncDispose]());

async function someone() {
  const { id, username } = await root.createAccount(`p${uuid().slice(0, 8)}`, "human", password);
  const client = house.client();
  await client.login(username, password);
  return { id, username, client, more: extendedClient(client) };
}

/** Somebody with a registered authenticator. */
async function equipped(kind: KeyKind = "ES256", options: { readonly counts?: boolean } = {}) {
  const person = await someone();
  const authenticator = newAuthenticator(origin, kind, options);
  const { challenge } = await person.more.beginWebauthnRegistration(password);
  const credential = await person.more.finishWebauthnRegistration(authenticator.register(challenge));
  return { ...person, authenticator, credential };
}

const anybody = (): ExtendedClient => extendedClient(house.client());
const freshChallenge = async () => (await anybody().beginWebauthnLogin()).challenge;

describe("registering", () => {
  test("the options name this house, this account and what it has already", async () => {
    const { id, username, more, authenticator } = await equipped();
    const options = await more.beginWebauthnRegistration(password);
    expect(options).toMatchObject({
      rp: { id: "localhost", name: "MCIAS" },
      user: { id: Buffer.from(id).toString("base64url"), name: username },
      timeout: 120_000,
      attestation: "none",
      excludeCredentials: [{ type: "public-key", id: authenticator.credentialId, transports: ["usb"] }],
    });
    expect(Buffer.from(options.challenge, "base64url")).toHaveLength(16);
    expect(options.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-8, -7, -257]);
  });

  test.each<[KeyKind, "none" | "packed"]>([
    ["ES256", "none"],
    ["ES256", "packed"],
    ["Ed25519", "none"],
    ["Ed25519", "packed"],
  ])("%s with attestation %s is taken, and signs in", async (kind, attestation) => {
    const { id, more } = await someone();
    const authenticator = newAuthenticator(origin, kind);
    const { challenge } = await more.beginWebauthnRegistration(password);
    const made = await more.finishWebauthnRegistration(authenticator.register(challenge, { attestation }), {
      name: "my key",
    });
    expect(made).toEqual({ id: expect.any(String), name: "my key", createdAt: expect.any(Date) });
    const client = house.client();
    const { token } = await extendedClient(client).finishWebauthnLogin(authenticator.login(await freshChallenge()));
    expect(claimsOf(token)["sub"]).toBe(id);
    expect(client.token, "the client holds it").toBe(token);
  });

  test("a wrong password begins nothing", async () => {
    const { more } = await someone();
    await expect(more.beginWebauthnRegistration("wrong")).rejects.toBeInstanceOf(MciasAuthError);
  });

  test.each<[string, Twist]>([
    ["another site", { origin: "https://evil.example.com" }],
    ["another relying party", { rpId: "evil.example.com" }],
    ["a login in its place", { type: "webauthn.get" }],
    ["nobody present", { flags: { up: false } }],
    ["a forged attestation", { attestation: "packed", forged: true }],
  ])("an answer with %s is refused, and the challenge is spent", async (_, twist) => {
    const { id, more } = await someone();
    const authenticator = newAuthenticator(origin, "ES256");
    const { challenge } = await more.beginWebauthnRegistration(password);
    await expect(more.finishWebauthnRegistration(authenticator.register(challenge, twist))).rejects.toBeInstanceOf(
      MciasInputError,
    );
    await expect(more.finishWebauthnRegistration(authenticator.register(challenge))).rejects.toBeInstanceOf(
      MciasInputError,
    );
    expect(await more.listWebauthnCredentials(id)).toEqual([]);
  });

  test("an answer for no challenge, an old one, one of another account, and one of a login", async () => {
    const { more } = await someone();
    const other = await someone();
    const authenticator = newAuthenticator(origin, "ES256");
    const finish = (challenge: string) => more.finishWebauthnRegistration(authenticator.register(challenge));
    await expect(finish(randomBytes(16).toString("base64url"))).rejects.toBeInstanceOf(MciasInputError);
    await expect(finish((await other.more.beginWebauthnRegistration(password)).challenge)).rejects.toBeInstanceOf(
      MciasInputError,
    );
    await expect(finish(await freshChallenge())).rejects.toBeInstanceOf(MciasInputError);
    const { challenge } = await more.beginWebauthnRegistration(password);
    house.clock.turn(120_000);
    await expect(finish(challenge)).rejects.toBeInstanceOf(MciasInputError);
  });

  test("a credential belongs to one account", async () => {
    const { authenticator } = await equipped();
    const { more } = await someone();
    const { challenge } = await more.beginWebauthnRegistration(password);
    await expect(more.finishWebauthnRegistration(authenticator.register(challenge))).rejects.toBeInstanceOf(
      MciasConflictError,
    );
  });

  test("of many answers for one challenge at once exactly one is registered", async () => {
    const { id, more } = await someone();
    const { challenge } = await more.beginWebauthnRegistration(password);
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, () =>
        more.finishWebauthnRegistration(newAuthenticator(origin, "ES256").register(challenge)),
      ),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await more.listWebauthnCredentials(id)).toHaveLength(1);
  });
});

describe("logging in without a password", () => {
  test("the options tell nothing of any account, and ask for the user's verification", async () => {
    expect(await anybody().beginWebauthnLogin()).toEqual({
      challenge: expect.any(String),
      rpId: "localhost",
      timeout: 120_000,
      allowCredentials: [],
      userVerification: "required",
    });
  });

  test.each<[string, Twist]>([
    ["another site", { origin: "https://evil.example.com" }],
    ["another relying party", { rpId: "evil.example.com" }],
    ["a registration in its place", { type: "webauthn.create" }],
    ["nobody present", { flags: { up: false, uv: false } }],
    ["a user who was not verified", { flags: { uv: false } }],
    ["a forged signature", { forged: true }],
    ["an unknown credential", { credentialId: randomBytes(32).toString("base64url") }],
  ])("an answer with %s is a wrong credential, and the challenge is spent", async (_, twist) => {
    const { authenticator } = await equipped();
    const challenge = await freshChallenge();
    await expect(anybody().finishWebauthnLogin(authenticator.login(challenge, twist))).rejects.toThrow(
      "invalid credentials",
    );
    await expect(anybody().finishWebauthnLogin(authenticator.login(challenge))).rejects.toThrow("invalid credentials");
    await anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()));
  });

  test("every refusal has the same bytes as that of a password", async () => {
    const { authenticator } = await equipped();
    const login = await house.raw("POST", "/v1/auth/login", { body: { username: "alice", password: "wrong" } });
    const send = (credential: LoginResponse) =>
      house.raw("POST", "/v1/auth/webauthn/login/finish", { body: { credential } });
    for (const credential of [
      authenticator.login("x"),
      authenticator.login(await freshChallenge(), { forged: true }),
      authenticator.login(await freshChallenge(), { credentialId: "AAAA" }),
    ]) {
      const reply = await send(credential);
      expect([reply.status, reply.text]).toEqual([login.status, login.text]);
    }
  });

  test("an old challenge, and one of a registration, are none", async () => {
    const { more, authenticator } = await equipped();
    const old = await freshChallenge();
    house.clock.turn(120_000);
    await expect(anybody().finishWebauthnLogin(authenticator.login(old))).rejects.toBeInstanceOf(MciasAuthError);
    const { challenge } = await more.beginWebauthnRegistration(password);
    await expect(anybody().finishWebauthnLogin(authenticator.login(challenge))).rejects.toBeInstanceOf(MciasAuthError);
  });

  test("a count that went back is a clone; one that never counts is not", async () => {
    const { authenticator } = await equipped();
    await anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()));
    authenticator.counter = 0;
    await expect(anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()))).rejects.toBeInstanceOf(
      MciasAuthError,
    );
    const still = await equipped("Ed25519", { counts: false });
    for (let n = 0; n < 3; n += 1)
      await anybody().finishWebauthnLogin(still.authenticator.login(await freshChallenge()));
  });

  test("of many answers for one challenge at once exactly one gets a token", async () => {
    const { authenticator } = await equipped("ES256", { counts: false });
    const challenge = await freshChallenge();
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => anybody().finishWebauthnLogin(authenticator.login(challenge))),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("of many answers with one count at once, each with a challenge of its own, exactly one gets a token", async () => {
    const { authenticator } = await equipped();
    const challenges = await Promise.all(Array.from({ length: 12 }, freshChallenge));
    const answers = challenges.map((challenge) => {
      authenticator.counter = 5;
      return authenticator.login(challenge);
    });
    const all = await Promise.allSettled(answers.map((answer) => anybody().finishWebauthnLogin(answer)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test.each(["inactive", "deleted", "locked", "denied"] as const)("nobody who is %s gets in", async (state) => {
    const { id, username, authenticator } = await equipped();
    if (state === "inactive") await root.updateAccount(id, { status: "inactive" });
    if (state === "deleted") await root.deleteAccount(id);
    if (state === "locked") {
      for (let n = 0; n < 10; n += 1)
        await house
          .client()
          .login(username, "wrong")
          .catch(() => undefined);
    }
    const admin = extendedClient(root);
    const rule = await admin.createPolicyRule({
      description: "x",
      enabled: state === "denied",
      rule: { effect: "deny", subjectUuid: id, serviceNames: ["payroll"] },
    });
    await expect(
      anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()), { serviceName: "payroll" }),
    ).rejects.toMatchObject({ status: state === "denied" ? 403 : 401 });
    await admin.deletePolicyRule(rule.id);
  });

  test("a completed login forgives failures, as one by password does", async () => {
    const { username, authenticator } = await equipped();
    const fail = async () =>
      void (await house
        .client()
        .login(username, "wrong")
        .catch(() => undefined));
    for (let n = 0; n < 9; n += 1) await fail();
    await anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()));
    for (let n = 0; n < 9; n += 1) await fail();
    await house.client().login(username, password);
  });
});

describe("as second factor", () => {
  test("after the password, by a credential of that account, in the place of a code, also without verification", async () => {
    const { username, authenticator } = await equipped();
    const options = await anybody().beginWebauthnLogin({ username, password });
    expect(options).toMatchObject({
      allowCredentials: [{ type: "public-key", id: authenticator.credentialId }],
      userVerification: "preferred",
    });
    await anybody().finishWebauthnLogin(authenticator.login(options.challenge, { flags: { uv: false } }));
  });

  test("another account's credential does not do", async () => {
    const [one, two] = [await equipped(), await equipped()];
    const { challenge } = await anybody().beginWebauthnLogin({ username: one.username, password });
    await expect(anybody().finishWebauthnLogin(two.authenticator.login(challenge))).rejects.toBeInstanceOf(
      MciasAuthError,
    );
  });

  test("unknown name and wrong password are one answer, and count", async () => {
    const { username } = await equipped();
    const begin = (body: object) => house.raw("POST", "/v1/auth/webauthn/login/begin", { body });
    const wrong = await begin({ username, password: "wrong" });
    const unknown = await begin({ username: "nobody-at-all", password: "wrong" });
    expect([wrong.status, wrong.text]).toEqual([unknown.status, unknown.text]);
    expect(wrong.status).toBe(401);
    for (let n = 0; n < 9; n += 1) await begin({ username, password: "wrong" });
    expect((await begin({ username, password })).status).toBe(401);
  });

  test("what was begun with a password is void once there is another", async () => {
    const { id, username, authenticator } = await equipped();
    const { challenge } = await anybody().beginWebauthnLogin({ username, password });
    await extendedClient(root).resetPassword(id, "a second long passphrase");
    await expect(anybody().finishWebauthnLogin(authenticator.login(challenge))).rejects.toBeInstanceOf(MciasAuthError);
  });

  test("half of name and password is malformed", async () => {
    const begin = (body: object) => house.raw("POST", "/v1/auth/webauthn/login/begin", { body });
    expect((await begin({ username: "alice" })).status).toBe(400);
    expect((await begin({ password: passwords.alice })).status).toBe(400);
  });
});

describe("credentials", () => {
  test("the owner and an administrator see and remove them, others neither", async () => {
    const { id, more, credential, authenticator } = await equipped();
    await anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()));
    const [listed] = await more.listWebauthnCredentials(id);
    expect(listed).toEqual({ ...credential, name: "security key", lastUsedAt: expect.any(Date) });
    expect(await extendedClient(root).listWebauthnCredentials(id)).toEqual([listed]);
    const other = await someone();
    await expect(other.more.listWebauthnCredentials(id)).rejects.toMatchObject({ status: 403 });
    await expect(other.more.deleteWebauthnCredential(id, credential.id)).rejects.toMatchObject({ status: 403 });
    await expect(
      other.more.deleteWebauthnCredential(other.id, credential.id),
      "under one's own account it is not there",
    ).rejects.toBeInstanceOf(MciasNotFoundError);
    await more.deleteWebauthnCredential(id, credential.id);
    await expect(more.deleteWebauthnCredential(id, credential.id)).rejects.toBeInstanceOf(MciasNotFoundError);
    await expect(anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()))).rejects.toBeInstanceOf(
      MciasAuthError,
    );
  });

  test("nothing of the key is in an answer, and a deleted account leaves no credential behind", async () => {
    const { id, client, authenticator } = await equipped();
    const reply = await house.raw("GET", `/v1/accounts/${id}/webauthn`, { token: client.token! });
    expect(Object.keys(reply.body.credentials[0]).sort()).toEqual(["created_at", "id", "last_used_at", "name"]);
    expect(reply.text).not.toContain(authenticator.credentialId);
    await root.deleteAccount(id);
    const left = await house.storage.read
      .selectFrom("passkeys")
      .select("id")
      .where("credential_id", "=", authenticator.credentialId)
      .execute();
    expect(left).toEqual([]);
  });

  test("what happened is in the audit log", async () => {
    const { id, more, credential, authenticator } = await equipped();
    await anybody().finishWebauthnLogin(authenticator.login(await freshChallenge()));
    await anybody()
      .finishWebauthnLogin(authenticator.login(await freshChallenge(), { forged: true }))
      .catch(() => undefined);
    await more.deleteWebauthnCredential(id, credential.id);
    const { events } = await extendedClient(root).listAuditEvents({ limit: 20 });
    const types = events.filter(({ targetId }) => targetId === id).map(({ eventType }) => eventType);
    expect(types.slice(0, 4)).toEqual(["webauthn_removed", "login_fail", "token_issued", "login_ok"]);
    expect(types).toContain("webauthn_enrolled");
  });
});
