import { randomBytes } from "node:crypto";
import { manualClock, type ManualClock } from "@cardea/core";
import type { Seals } from "../keys/seal.js";
import { openSqlite } from "../storage/sqlite/open.js";
import type { Storage } from "../storage/storage.js";
import type { HashPool } from "../workers/hash-pool.js";
import { createAccount, setStatus, type Account, type AccountStatus } from "./accounts.js";
import type { Origin } from "./audit.js";
import { enrolTotp } from "./factors.js";
import { setRoles } from "./roles.js";
import { openSeals } from "./sealing.js";
import { signIn, type SignInAttempt, type SignInDeps, type SignInOutcome } from "./sign-in.js";

/** An identity core over the embedded database in memory, with a clock that stands and hashes that cost nothing. */
export interface TestCore extends SignInDeps {
  readonly storage: Storage;
  readonly clock: ManualClock;
  readonly seals: Seals;
  readonly hashes: CountingHashes;
  readonly uuid: () => string;
  readonly rowId: () => string;
}

/** Hashes that any eye can read, and a count of how often a password was compared with a stored one. */
export interface CountingHashes extends HashPool {
  readonly count: { compared: number; decoys: number; hashed: number };
}

const start = Date.parse("2031-05-05T10:00:00Z");
const minute = 60_000;

export const origin: Origin = { wire: "mcias", operation: "test", network: "192.0.2.1" };

export const limits = { limit: 10, windowMs: 15 * minute, lockMs: 15 * minute };

export async function openCore(
  guesses: SignInDeps["guesses"] = { account: limits, network: "off" },
): Promise<TestCore> {
  const clock = manualClock(start);
  const storage = await openSqlite({ path: ":memory:", clock });
  const uuid = uuids();
  const seals = await openSeals(storage, randomBytes(32), { uuid, now: clock.now() });
  return { storage, clock, seals, hashes: countingHashes(), uuid, rowId: uuid, guesses };
}

/** UUIDs in their order. */
function uuids(): () => string {
  let next = 0;
  return () => `00000000-0000-4000-8000-${String((next += 1)).padStart(12, "0")}`;
}

function countingHashes(): CountingHashes {
  const count = { compared: 0, decoys: 0, hashed: 0 };
  return {
    count,
    hash: (password) => {
      count.hashed += 1;
      return Promise.resolve(`hash of ${String(password)}`);
    },
    verify: (phc, password) => {
      count[phc === undefined ? "decoys" : "compared"] += 1;
      return Promise.resolve(phc === `hash of ${String(password)}`);
    },
    warm: () => Promise.resolve(),
    stats: () => ({ threads: 0, running: 0, waiting: 0, meanMs: 0, refused: 0, crashes: 0 }),
    close: () => Promise.resolve(),
  };
}

export interface Person {
  readonly username?: string;
  readonly kind?: "human" | "system";
  readonly password?: string;
  readonly roles?: readonly string[];
  readonly totp?: Uint8Array;
  readonly status?: AccountStatus;
}

export const password = "correct horse battery";

/** An account as if somebody had made it. */
export async function add(core: TestCore, person: Person = {}): Promise<Account> {
  const { username = "alice", kind = "human", status = "active" } = person;
  const secret = kind === "human" ? (person.password ?? password) : undefined;
  const passwordHash = secret === undefined ? undefined : `hash of ${secret}`;
  return core.storage.unit(async (tx) => {
    const now = core.clock.now();
    const account = await createAccount(tx, origin, now, {
      id: core.uuid(),
      wire: "mcias",
      subject: core.uuid(),
      username,
      kind,
      ...(passwordHash !== undefined && { passwordHash }),
    });
    if (account === "username_taken") throw new Error(`${username} is there already`);
    if (person.roles !== undefined) await setRoles(tx, origin, now, account.id, person.roles);
    if (person.totp !== undefined) {
      await enrolTotp(tx, core.seals, origin, now, account.id, { id: core.uuid(), secret: person.totp });
    }
    const after = await setStatus(tx, origin, now, "mcias", account.subject, status);
    if (typeof after === "string") throw new Error(after);
    return after;
  });
}

/** Signs in for nothing but the outcome. */
export function tryToSignIn(
  core: TestCore,
  attempt: Partial<SignInAttempt<string>> = {},
): Promise<SignInOutcome<string>> {
  return signIn(core, {
    username: "alice",
    password,
    origin,
    allows: () => true,
    complete: (_, who) => Promise.resolve(who.username),
    ...attempt,
  });
}

/** The events that were written while `deed` went on, in their order. */
export async function eventsOf<T>(core: TestCore, deed: () => Promise<T>): Promise<{ result: T; events: string[] }> {
  const before = await audit(core);
  const result = await deed();
  return { result, events: (await audit(core)).slice(before.length).map(({ type }) => type) };
}

/** The audit log, oldest first. */
export async function audit(core: TestCore) {
  const rows = await core.storage.read.selectFrom("audit_events").selectAll().orderBy("id").execute();
  return rows.map((row) => ({ ...row, details: JSON.parse(row.details) as Record<string, unknown> }));
}

/** Lets time pass in small steps until something is settled. */
export async function whileTimePasses<T>(core: TestCore, deed: Promise<T>): Promise<T> {
  let settled = false;
  const done = deed.finally(() => (settled = true));
  done.catch(() => undefined);
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve));
    core.clock.advance(10);
  }
  return done;
}
