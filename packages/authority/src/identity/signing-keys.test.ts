import { describe, expect, test } from "vitest";
import { audit, openCore, origin, type TestCore } from "./core.test.support.js";
import { createKeyring } from "./keyring.js";
import { rotateKey, withdrawKey, withdrawOver, type TokenKeyLine } from "./signing-key-states.js";
import { openSigningKeys, type SigningKeys } from "./signing-keys.js";

const day = 86_400_000;
const line: TokenKeyLine = { wire: "mcias", algorithm: "EdDSA", longestTokenMs: 30 * day };
const message = new TextEncoder().encode("a token");

const open = (core: TestCore) => openSigningKeys(core, origin, core.clock.now(), line);
const rotate = (core: TestCore) => rotateKey(core, origin, core.clock.now(), line);
const withdraw = (core: TestCore, kid: string) => withdrawKey(core, origin, core.clock.now(), [line], kid);

async function stateOf(core: TestCore, kid: string) {
  return core.storage.read
    .selectFrom("signing_keys")
    .select(["state", "private_key"])
    .where("kid", "=", kid)
    .executeTakeFirstOrThrow();
}

async function typesOf(core: TestCore): Promise<string[]> {
  return (await audit(core)).map(({ type, details }) => `${type} ${String(details["kid"])}`);
}

async function generationAfter(keys: SigningKeys): Promise<number> {
  await keys.refresh();
  return keys.generation;
}

test("of two processes that start at once, both sign with the same key", async () => {
  const core = await openCore();
  const [one, other] = await Promise.all([open(core), open(core)]);
  expect(one.kid).toBe(other.kid);
  expect(await typesOf(core)).toEqual([`signing_key_made ${one.kid}`]);
});

test("the database itself refuses a second active key", async () => {
  const core = await openCore();
  const { kid } = await open(core);
  const doubled = core.storage.unit((tx) =>
    tx
      .insertInto("signing_keys")
      .columns(["kid", "wire", "algorithm", "public_jwk", "private_key", "state", "created_at"])
      .expression((eb) =>
        eb
          .selectFrom("signing_keys")
          .select([
            eb.val("another").as("kid"),
            "wire",
            "algorithm",
            "public_jwk",
            "private_key",
            "state",
            "created_at",
          ])
          .where("kid", "=", kid),
      )
      .execute(),
  );
  await expect(doubled).rejects.toMatchObject({ code: "constraint_violated" });
});

describe("rotation", () => {
  test("a new key signs, and what the former has signed verifies still, in every process that refreshes", async () => {
    const core = await openCore();
    const [here, elsewhere] = [await open(core), await open(core)];
    const former = here.kid;
    const earlier = here.sign(message);
    const made = await rotate(core);
    expect(elsewhere.kid, "nobody has told it yet").toBe(former);
    for (const keys of [here, elsewhere]) {
      expect(await generationAfter(keys)).toBe(2);
      expect(keys.kid).toBe(made);
      expect(keys.verify(message, earlier)).toBe(true);
      expect(keys.verify(message, keys.sign(message))).toBe(true);
    }
    expect(here.verify(message, elsewhere.sign(message))).toBe(true);
    expect(await stateOf(core, former)).toMatchObject({ state: "retired" });
    expect(await typesOf(core)).toEqual([
      `signing_key_made ${former}`,
      `signing_key_retired ${former}`,
      `signing_key_made ${made}`,
    ]);
  });

  test("where nothing has changed, a refresh changes nothing", async () => {
    const core = await openCore();
    const keys = await open(core);
    expect(await generationAfter(keys)).toBe(1);
  });

  test("a retired key has no private half any more", async () => {
    const core = await openCore();
    const { kid } = await open(core);
    expect((await stateOf(core, kid)).private_key.length).toBeGreaterThan(0);
    await rotate(core);
    expect((await stateOf(core, kid)).private_key).toHaveLength(0);
  });

  test("of any number that rotate at once, one does", async () => {
    const core = await openCore();
    await open(core);
    const made = await Promise.all(Array.from({ length: 8 }, () => rotate(core)));
    expect(made.filter((kid) => kid !== undefined)).toHaveLength(1);
    const active = core.storage.read.selectFrom("signing_keys").select("kid").where("state", "=", "active");
    expect(await active.execute()).toHaveLength(1);
  });

  test("a retired key is withdrawn when its last token is over, and not a moment before", async () => {
    const core = await openCore();
    const keys = await open(core);
    const former = keys.kid;
    const earlier = keys.sign(message);
    await rotate(core);
    // Another process may have signed with it for a while: that is the hour.
    core.clock.advance(30 * day + 3_600_000 - 1);
    expect(await withdrawOver(core, origin, core.clock.now(), line)).toBe(0);
    core.clock.advance(1);
    expect(await withdrawOver(core, origin, core.clock.now(), line)).toBe(1);
    expect(await stateOf(core, former)).toMatchObject({ state: "withdrawn" });
    await keys.refresh();
    expect(keys.verify(message, earlier)).toBe(false);
  });
});

describe("withdrawal", () => {
  test("what a withdrawn key has signed is invalid at once, and the cache of another generation with it", async () => {
    const core = await openCore();
    const keys = await open(core);
    const [former, signature] = [keys.kid, keys.sign(message)];
    const outcome = await withdraw(core, former);
    expect(await generationAfter(keys)).toBe(2);
    expect(keys.verify(message, signature)).toBe(false);
    expect(outcome).toEqual({ replacement: keys.kid });
    expect(keys.kid).not.toBe(former);
    expect(keys.verify(message, keys.sign(message))).toBe(true);
  });

  test("a retired key can be withdrawn: the active one stays", async () => {
    const core = await openCore();
    const keys = await open(core);
    const [former, signature] = [keys.kid, keys.sign(message)];
    const made = await rotate(core);
    expect(await withdraw(core, former)).toEqual({});
    await keys.refresh();
    expect(keys.kid).toBe(made);
    expect(keys.verify(message, signature)).toBe(false);
  });

  test("nothing leads back: a withdrawn key stays so, whatever is asked", async () => {
    const core = await openCore();
    const { kid } = await open(core);
    await withdraw(core, kid);
    expect(await withdraw(core, kid)).toBe("withdrawn_already");
    core.clock.advance(365 * day);
    expect(await withdrawOver(core, origin, core.clock.now(), line)).toBe(0);
    expect(await stateOf(core, kid)).toMatchObject({ state: "withdrawn" });
    expect((await typesOf(core)).filter((event) => event === `signing_key_withdrawn ${kid}`)).toHaveLength(1);
  });

  test("a key that nobody knows, or of a line that is not asked about, is unknown", async () => {
    const core = await openCore();
    const { kid } = await open(core);
    expect(await withdraw(core, "no such key")).toBe("unknown");
    expect(await withdrawKey(core, origin, core.clock.now(), [], kid)).toBe("unknown");
  });
});

describe("the keyring of a running authority", () => {
  test("it rotates a key at its age, and takes the new one over itself", async () => {
    const core = await openCore();
    const keyring = createKeyring({ ...core, rotateAfterMs: 30 * day });
    const keys = await keyring.open(line);
    const { kid } = keys;
    core.clock.advance(30 * day);
    await keyring.tend();
    expect(keys.kid, "it is as old as it may be").toBe(kid);
    core.clock.advance(1);
    await keyring.tend();
    expect(keys.kid).not.toBe(kid);
    await keyring.tend();
    expect(keys.generation).toBe(2);
  });

  test("where rotation is off, age changes nothing", async () => {
    const core = await openCore();
    const keyring = createKeyring({ ...core, rotateAfterMs: "off" });
    const keys = await keyring.open(line);
    const { kid } = keys;
    core.clock.advance(3_650 * day);
    await keyring.tend();
    expect(keys.kid).toBe(kid);
  });

  test("a refresh brings what another process has withdrawn", async () => {
    const core = await openCore();
    const keyring = createKeyring({ ...core, rotateAfterMs: "off" });
    const keys = await keyring.open(line);
    const signature = keys.sign(message);
    await withdraw(core, keys.kid);
    expect(keys.verify(message, signature), "nobody has told it yet").toBe(true);
    await keyring.refresh();
    expect(keys.verify(message, signature)).toBe(false);
  });
});
