import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { totpCode } from "@cardea/authority";
import { MciasAuthError, MciasConflictError, MciasNotFoundError, type MciasClient } from "@cardea/mcias";
import { extendedClient, type ExtendedClient } from "@cardea/mcias/extended";
import { minute, openHouse, usualHouse, uuid, type TestHouse } from "./house.js";

let house: TestHouse;
let root: MciasClient;
let admin: ExtendedClient;
const first = "a first long passphrase";
const second = "a second long passphrase";

beforeAll(async () => {
  house = await openHouse(usualHouse({ profile: "extended" }));
  root = house.client(await house.tokenOf("root"));
  admin = extendedClient(root);
});
afterAll(() => house[Symbol.asyncDispose]());

async function someone() {
  const { id, username } = await root.createAccount(`p${uuid().slice(0, 8)}`, "human", first);
  const client = house.client();
  const { token } = await client.login(username, first);
  return { id, username, client, token, more: extendedClient(client) };
}

async function eventsOf(accountId: string): Promise<string[]> {
  const { events } = await admin.listAuditEvents({ limit: 1000 });
  return events
    .filter(({ targetId }) => targetId === accountId)
    .map(({ eventType }) => eventType)
    .reverse();
}

describe("one's own password", () => {
  test("the new one works, the old one does not, and of the tokens only the one that asked lives", async () => {
    const { id, username, client, token, more } = await someone();
    const other = (await house.client().login(username, first)).token;
    await more.changePassword(first, second);
    expect(await root.validateToken(token)).toMatchObject({ valid: true });
    expect(await root.validateToken(other)).toEqual({ valid: false });
    await expect(house.client().login(username, first)).rejects.toBeInstanceOf(MciasAuthError);
    await client.login(username, second);
    expect(await eventsOf(id)).toContain("password_changed");
  });

  test("a wrong present one is a wrong credential like any other, and counts", async () => {
    const { username, token, more } = await someone();
    const wrong = await house.raw("PUT", "/v1/auth/password", {
      token,
      body: { current_password: "wrong", new_password: second },
    });
    const login = await house.raw("POST", "/v1/auth/login", { body: { username, password: "wrong" } });
    expect([wrong.status, wrong.text]).toEqual([login.status, login.text]);
    for (let n = 0; n < 8; n += 1) await more.changePassword("wrong", second).catch(() => undefined);
    await expect(more.changePassword(first, second), "locked after ten").rejects.toThrow("invalid credentials");
    await expect(house.client().login(username, first), "and so is the login").rejects.toThrow("invalid credentials");
    expect(await root.validateToken(token), "a lock ends no token").toMatchObject({ valid: true });
  });

  test("a right present one forgives no failures: no login was completed", async () => {
    const { username, more } = await someone();
    for (let n = 0; n < 9; n += 1)
      await house
        .client()
        .login(username, "wrong")
        .catch(() => undefined);
    await more.changePassword(first, second);
    await house
      .client()
      .login(username, "wrong")
      .catch(() => undefined);
    await expect(house.client().login(username, second)).rejects.toThrow("invalid credentials");
  });

  test("of many changes at once with the same present password exactly one is made", async () => {
    const { username, more } = await someone();
    const next = (n: number) => `the passphrase number ${n}`;
    const changes = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => more.changePassword(first, next(n))));
    const made = changes.flatMap(({ status }, n) => (status === "fulfilled" ? [n] : []));
    expect(made).toHaveLength(1);
    await house.client().login(username, next(made[0]!));
  });

  test("a short new one is refused, and a system account has none to give", async () => {
    const { more } = await someone();
    await expect(more.changePassword(first, "short")).rejects.toThrow("new_password: expected 12 to 1024 bytes");
    const { id } = await root.createAccount(`s${uuid().slice(0, 8)}`, "system");
    const { token } = await root.issueServiceToken(id);
    await expect(extendedClient(house.client(token)).changePassword(first, second)).rejects.toThrow(
      "invalid credentials",
    );
  });

  test("where nothing can be stored, the old password and every token stay", async () => {
    const { username, more } = await someone();
    const other = (await house.client().login(username, first)).token;
    house.fail(new Error("planted"));
    await expect(more.changePassword(first, second)).rejects.toMatchObject({ status: 500 });
    house.fail(undefined);
    expect(await root.validateToken(other)).toMatchObject({ valid: true });
    await house.client().login(username, first);
  });
});

describe("TOTP", () => {
  const codeAt = (secret: string) => totpCode(secret, house.clock.now());

  test("enrolled with the password, pending until the first code, required from then on", async () => {
    const { id, username, more } = await someone();
    const before = await root.getAccount(id);
    const { secret, otpauthUri } = await more.enrollTotp(first);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(otpauthUri).toMatch(new RegExp(`^otpauth://totp/MCIAS:${username}\\?secret=${secret}&issuer=MCIAS&`));
    await house.client().login(username, first);
    expect(await root.getAccount(id), "pending shows nowhere").toEqual(before);

    await more.confirmTotp(codeAt(secret));
    expect((await root.getAccount(id)).totpEnabled).toBe(true);
    await expect(house.client().login(username, first)).rejects.toMatchObject({ code: "totp_required" });
    await expect(
      house.client().login(username, first, codeAt(secret)),
      "the code of the confirmation is spent",
    ).rejects.toThrow("invalid credentials");
    house.clock.turn(minute);
    await house.client().login(username, first, codeAt(secret));
    expect((await eventsOf(id)).filter((event) => event === "totp_enrolled")).toHaveLength(1);
  });

  test("a wrong password enrols nothing", async () => {
    const { more } = await someone();
    await expect(more.enrollTotp("wrong")).rejects.toThrow("invalid credentials");
    await expect(more.confirmTotp("000000")).rejects.toBeInstanceOf(MciasConflictError);
  });

  test("a wrong code leaves it pending; one that is no code is malformed", async () => {
    const { more } = await someone();
    const { secret } = await more.enrollTotp(first);
    const right = codeAt(secret);
    const wrong = right === "000000" ? "000001" : "000000";
    await expect(more.confirmTotp(wrong)).rejects.toThrow("invalid credentials");
    await expect(more.confirmTotp("12345")).rejects.toThrow("code: expected 6 digits");
    await expect(more.confirmTotp("")).rejects.toThrow("code: expected 6 digits");
    await more.confirmTotp(right);
  });

  test("a second enrolment takes the place of one that is pending, and none of one that is confirmed", async () => {
    const { more } = await someone();
    const old = await more.enrollTotp(first);
    const fresh = await more.enrollTotp(first);
    await expect(more.confirmTotp(codeAt(old.secret))).rejects.toThrow("invalid credentials");
    await more.confirmTotp(codeAt(fresh.secret));
    await expect(more.enrollTotp(first)).rejects.toThrow("TOTP is enrolled already");
    await expect(more.confirmTotp(codeAt(fresh.secret))).rejects.toThrow("no enrolment is under way");
  });

  test("what waits for an hour waits no more", async () => {
    const { more } = await someone();
    const { secret } = await more.enrollTotp(first);
    house.clock.turn(60 * minute);
    await expect(more.confirmTotp(codeAt(secret))).rejects.toThrow("no enrolment is under way");
  });

  test("of many confirmations at once exactly one is told that it was the one", async () => {
    const { id, more } = await someone();
    const { secret } = await more.enrollTotp(first);
    const code = codeAt(secret);
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => more.confirmTotp(code)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await eventsOf(id)).filter((event) => event === "totp_enrolled")).toHaveLength(1);
  });

  test("somebody else's pending secret is not confirmed by my code", async () => {
    const [mine, other] = [await someone(), await someone()];
    const { secret } = await mine.more.enrollTotp(first);
    await expect(other.more.confirmTotp(codeAt(secret))).rejects.toThrow("no enrolment is under way");
  });

  test("only an administrator removes it, also a pending one, and twice is no error", async () => {
    const { id, username, client, more } = await someone();
    await more.confirmTotp(codeAt((await more.enrollTotp(first)).secret));
    await expect(more.removeTotp(id)).rejects.toMatchObject({ status: 403 });
    await admin.removeTotp(id);
    await admin.removeTotp(id);
    expect((await root.getAccount(id)).totpEnabled).toBe(false);
    await client.login(username, first);
    expect((await eventsOf(id)).filter((event) => event === "totp_removed")).toHaveLength(1);
    const { secret } = await more.enrollTotp(first);
    await admin.removeTotp(id);
    await expect(more.confirmTotp(codeAt(secret))).rejects.toThrow("no enrolment is under way");
    await expect(admin.removeTotp(uuid())).rejects.toBeInstanceOf(MciasNotFoundError);
  });

  test("the secret is in no event and no column as it is", async () => {
    const { more } = await someone();
    const { secret } = await more.enrollTotp(first);
    const stored = await house.storage.read.selectFrom("factors").select("secret").execute();
    for (const row of stored) expect(Buffer.from(row.secret).includes(secret)).toBe(false);
    const offered = JSON.stringify(await house.storage.read.selectFrom("one_time").selectAll().execute());
    expect(offered).not.toContain(secret);
  });
});

test("each route that tries a password has the rate of a login, and a bucket of its own", async () => {
  await using limited = await openHouse(
    usualHouse({ profile: "extended", rates: { login: { perSecond: 0.01, burst: 2 }, validate: "off" } }),
  );
  const token = await limited.tokenOf("alice");
  const statuses = async (method: string, path: string) => {
    const found = [];
    for (let n = 0; n < 3; n += 1) found.push((await limited.raw(method, path, { token, body: "{" })).status);
    return found;
  };
  expect(await statuses("PUT", "/v1/auth/password")).toEqual([400, 400, 429]);
  expect(await statuses("POST", "/v1/auth/totp/enroll")).toEqual([400, 400, 429]);
  expect(await statuses("POST", "/v1/auth/totp/confirm")).toEqual([400, 400, 429]);
  expect(await statuses("POST", "/v1/vault/unseal")).toEqual([400, 400, 400]);
});
