import { CardeaError } from "@cardea/core";
import { afterEach, describe, expect, test } from "vitest";
import { setStatus } from "./accounts.js";
import { record } from "./audit.js";
import {
  add,
  audit,
  eventsOf,
  limits,
  openCore,
  origin,
  password,
  tryToSignIn,
  whileTimePasses,
  type Person,
  type TestCore,
} from "./core.test.support.js";
import { accountSubject, reserveGuess } from "./guesses.js";
import { setPasswordHash } from "./passwords.js";
import type { SignInAttempt, SignInDeps } from "./sign-in.js";
import { totpCode, totpStep } from "./totp.js";

const minute = 60_000;
const secret = new TextEncoder().encode("12345678901234567890");
const cores: TestCore[] = [];

async function coreWith(person?: Person, guesses?: SignInDeps["guesses"]): Promise<TestCore> {
  const core = await openCore(guesses);
  cores.push(core);
  if (person !== undefined) await add(core, person);
  return core;
}

afterEach(() => Promise.all(cores.splice(0).map((core) => core.storage.close())));

const wrong = { password: "a wrong password" };
const rightCode = (core: TestCore) => totpCode(secret, totpStep(core.clock.now()));

async function fail(core: TestCore, times: number, attempt: Partial<SignInAttempt<string>> = {}): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    expect(await tryToSignIn(core, { ...wrong, ...attempt })).toEqual({ outcome: "refused" });
  }
}

const ledger = (core: TestCore) => core.storage.read.selectFrom("guesses").selectAll().execute();

interface Scenario {
  readonly name: string;
  readonly person?: Person;
  readonly before?: (core: TestCore) => Promise<unknown>;
  readonly attempt?: (core: TestCore) => Partial<SignInAttempt<string>>;
  readonly outcome: string;
  /** What the log says besides: of whom, and why not. */
  readonly event: { readonly type: string; readonly reason?: string; readonly target: boolean };
  /** Whether it counts as a guess. */
  readonly counts: boolean;
}

const refused = (reason: string, target = true) =>
  ({ outcome: "refused", event: { type: "login_fail", reason, target }, counts: true }) as const;

const scenarios: readonly Scenario[] = [
  {
    name: "the right password",
    person: {},
    outcome: "signed_in",
    event: { type: "login_ok", target: true },
    counts: false,
  },
  {
    name: "the right password and code",
    person: { totp: secret },
    attempt: (core) => ({ totpCode: rightCode(core) }),
    outcome: "signed_in",
    event: { type: "login_ok", target: true },
    counts: false,
  },
  {
    name: "a code that no factor asks for",
    person: {},
    attempt: () => ({ totpCode: "000000" }),
    outcome: "signed_in",
    event: { type: "login_ok", target: true },
    counts: false,
  },
  {
    name: "a missing code",
    person: { totp: secret },
    outcome: "totp_required",
    event: { type: "login_fail", reason: "totp_missing", target: true },
    counts: false,
  },
  {
    name: "a policy that says no",
    person: {},
    attempt: () => ({ allows: () => false }),
    outcome: "denied",
    event: { type: "login_fail", reason: "policy", target: true },
    counts: false,
  },
  { name: "an unknown name", ...refused("unknown", false) },
  { name: "a wrong password", person: {}, attempt: () => wrong, ...refused("password") },
  { name: "a wrong password without the code", person: { totp: secret }, attempt: () => wrong, ...refused("password") },
  { name: "a wrong code", person: { totp: secret }, attempt: () => ({ totpCode: "abcdef" }), ...refused("totp") },
  { name: "an inactive account", person: { status: "inactive" }, ...refused("inactive") },
  { name: "a deleted account", person: { status: "deleted" }, ...refused("password") },
  { name: "a system account", person: { kind: "system" }, ...refused("password") },
  {
    name: "an account that is locked",
    person: {},
    before: (core) => fail(core, 10),
    ...refused("locked"),
    counts: false,
  },
];

describe("signing in with", () => {
  test.each(scenarios)("$name ends as $outcome", async ({ person, before, attempt, outcome, event, counts }) => {
    const core = await coreWith(person);
    await before?.(core);
    const already = {
      compared: core.hashes.count.compared + core.hashes.count.decoys,
      log: (await audit(core)).length,
    };
    const ledgerBefore = await ledger(core);

    const result = await tryToSignIn(core, attempt?.(core));

    expect(result).toEqual(outcome === "signed_in" ? { outcome, result: "alice" } : { outcome });
    const written = (await audit(core)).slice(already.log);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({
      type: event.type,
      wire: "mcias",
      details: event.reason === undefined ? {} : { reason: event.reason },
    });
    expect(written[0]?.target_id !== null).toBe(event.target);
    expect(core.hashes.count.compared + core.hashes.count.decoys - already.compared).toBe(1);
    if (counts) expect(await ledger(core)).toEqual([expect.objectContaining({ failures: 1, reserved: 0 })]);
    else expect(await ledger(core)).toEqual(ledgerBefore);
  });

  test("any of the causes of refusal gives an answer that is the same to the last member", async () => {
    const answers = await Promise.all(
      scenarios
        .filter(({ outcome }) => outcome === "refused")
        .map(async ({ person, before, attempt }) => {
          const core = await coreWith(person);
          await before?.(core);
          return JSON.stringify(await tryToSignIn(core, attempt?.(core)));
        }),
    );
    expect(answers).toHaveLength(8);
    expect(new Set(answers)).toEqual(new Set(['{"outcome":"refused"}']));
  });
});

describe("ten failures", () => {
  test("refuse the right password too, for fifteen minutes from the tenth", async () => {
    const core = await coreWith({});
    await fail(core, 9);
    core.clock.advance(10 * minute);
    await fail(core, 1);
    core.clock.advance(15 * minute - 1);
    expect(await tryToSignIn(core)).toEqual({ outcome: "refused" });
    core.clock.advance(1);
    expect(await tryToSignIn(core)).toMatchObject({ outcome: "signed_in" });
  });

  test("compare no password with the stored one while the lock lasts", async () => {
    const core = await coreWith({});
    await fail(core, 10);
    const { compared, decoys } = core.hashes.count;
    await tryToSignIn(core);
    expect(core.hashes.count).toMatchObject({ compared, decoys: decoys + 1 });
  });

  test("of passwords and codes together lock", async () => {
    const core = await coreWith({ totp: secret });
    await fail(core, 5);
    await fail(core, 5, { password, totpCode: "abcdef" });
    expect(await tryToSignIn(core, { totpCode: rightCode(core) })).toEqual({ outcome: "refused" });
  });

  test("at a name that nobody has lock it in the same way", async () => {
    const core = await coreWith();
    await fail(core, 10);
    const { result, events } = await eventsOf(core, () => tryToSignIn(core));
    expect(result).toEqual({ outcome: "refused" });
    expect(events).toEqual(["login_fail"]);
    expect((await audit(core)).at(-1)?.details).toEqual({ reason: "locked" });
    expect(JSON.stringify(await ledger(core))).not.toContain("alice");
  });

  test("of one account leave others free", async () => {
    const core = await coreWith({});
    await add(core, { username: "bob" });
    await fail(core, 10);
    expect(await tryToSignIn(core, { username: "bob" })).toMatchObject({ outcome: "signed_in" });
  });
});

test("a completed sign-in forgives; a missing code and a denial do not", async () => {
  const core = await coreWith({ totp: secret });
  await fail(core, 9);
  await tryToSignIn(core);
  await tryToSignIn(core, { totpCode: rightCode(core), allows: () => false });
  expect(await ledger(core)).toMatchObject([{ failures: 9, reserved: 0 }]);
  core.clock.advance(30_000);
  await tryToSignIn(core, { totpCode: rightCode(core) });
  expect(await ledger(core)).toEqual([]);
});

test("of two hundred wrong guesses at once ten at most are compared with the stored password", async () => {
  const core = await coreWith({});
  const tries = Array.from({ length: 200 }, () => tryToSignIn(core, wrong));
  const outcomes = await whileTimePasses(core, Promise.all(tries));
  expect(outcomes).toEqual(Array(200).fill({ outcome: "refused" }));
  expect(core.hashes.count).toMatchObject({ compared: 10, decoys: 190 });
});

test("a guess that waits longer than two seconds for others is refused as busy, and counts for nothing", async () => {
  const core = await coreWith({});
  const { id } = await core.storage.read.selectFrom("accounts").select("id").executeTakeFirstOrThrow();
  for (let n = 0; n < 10; n += 1) {
    await core.storage.unit((tx) => reserveGuess(tx, accountSubject(id), limits, core.clock.now()));
  }
  await expect(whileTimePasses(core, tryToSignIn(core))).rejects.toMatchObject({ code: "busy", retryable: true });
  expect(await ledger(core)).toMatchObject([{ failures: 0, reserved: 10 }]);
});

test("a pool that is too busy to compare gives the guess back and writes no event", async () => {
  const core = await coreWith({}, { account: limits, network: limits });
  const hashes = { ...core.hashes, verify: () => Promise.reject(new CardeaError("busy", { code: "busy" })) };
  const { events } = await eventsOf(core, () =>
    expect(tryToSignIn({ ...core, hashes })).rejects.toMatchObject({ code: "busy" }),
  );
  expect(events).toEqual([]);
  expect(await ledger(core)).toEqual([]);
});

describe("while the password is compared", () => {
  async function meanwhile(core: TestCore, deed: () => Promise<unknown>) {
    const hashes = {
      ...core.hashes,
      verify: async (...given: Parameters<typeof core.hashes.verify>) => {
        const right = await core.hashes.verify(...given);
        await deed();
        return right;
      },
    };
    return tryToSignIn({ ...core, hashes });
  }

  test("the account may become inactive: then nobody signs in", async () => {
    const core = await coreWith();
    const { subject } = await add(core);
    const deactivate = () =>
      core.storage.unit((tx) => setStatus(tx, origin, core.clock.now(), "mcias", subject, "inactive"));
    expect(await meanwhile(core, deactivate)).toEqual({ outcome: "refused" });
  });

  test("the password may change: then the former one is wrong", async () => {
    const core = await coreWith();
    const { id } = await add(core);
    const change = () =>
      core.storage.unit((tx) => setPasswordHash(tx, origin, core.clock.now(), id, "hash of another"));
    expect(await meanwhile(core, change)).toEqual({ outcome: "refused" });
  });
});

describe("a network", () => {
  const guesses = { account: limits, network: { ...limits, limit: 20 } };

  test("is locked after its own limit of failures, whatever names they were at", async () => {
    const core = await coreWith({}, guesses);
    for (let n = 0; n < 20; n += 1) await fail(core, 1, { username: `name${n}` });
    const { result, events } = await eventsOf(core, () => tryToSignIn(core));
    expect(result).toEqual({ outcome: "network_locked" });
    expect(events).toEqual([]);
    const elsewhere = { origin: { ...origin, network: "198.51.100.7" } };
    expect(await tryToSignIn(core, elsewhere)).toMatchObject({ outcome: "signed_in" });
  });

  test("is not forgiven by a sign-in", async () => {
    const core = await coreWith({}, guesses);
    for (let n = 0; n < 19; n += 1) await fail(core, 1, { username: `name${n}` });
    expect(await tryToSignIn(core)).toMatchObject({ outcome: "signed_in" });
    await fail(core, 1, { username: "name19" });
    expect(await tryToSignIn(core)).toEqual({ outcome: "network_locked" });
  });

  test("that asks with many right passwords at once waits, and is not taken for one that guesses", async () => {
    const core = await coreWith(undefined, { account: limits, network: { ...limits, limit: 5 } });
    for (let n = 0; n < 12; n += 1) await add(core, { username: `user${n}` });
    const tries = Array.from({ length: 12 }, (_, n) => tryToSignIn(core, { username: `user${n}` }));
    const outcomes = await whileTimePasses(core, Promise.all(tries));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(12).fill("signed_in"));
  });

  test("is not counted where that is off", async () => {
    const core = await coreWith({});
    for (let n = 0; n < 30; n += 1) await fail(core, 1, { username: `name${n}` });
    expect(await tryToSignIn(core)).toMatchObject({ outcome: "signed_in" });
  });
});

test("what the sign-in is for is written with it or not at all", async () => {
  const core = await coreWith({});
  const attempt = {
    complete: async (...[tx, who, now]: Parameters<SignInAttempt<string>["complete"]>) => {
      await record(tx, origin, now, { type: "token_issued", target: who.accountId });
      throw new Error("no token");
    },
  };
  const { events } = await eventsOf(core, () => expect(tryToSignIn(core, attempt)).rejects.toThrow("no token"));
  expect(events).toEqual([]);
  expect(await ledger(core)).toEqual([]);
});

test("one code lets one of thirty in", async () => {
  const core = await coreWith({ totp: secret }, { account: { ...limits, limit: 40 }, network: "off" });
  const tries = Array.from({ length: 30 }, () => tryToSignIn(core, { totpCode: rightCode(core) }));
  const outcomes = await whileTimePasses(core, Promise.all(tries));
  expect(outcomes.filter(({ outcome }) => outcome === "signed_in")).toHaveLength(1);
});
