import { openInMemory, type InMemoryAuthority, type InMemoryOptions } from "@cardea/authority";
import { CardeaError, manualClock, type ManualClock } from "@cardea/core";
import type { AccountStatus, AccountType } from "@cardea/mcias";
import { countingUuids, ed25519Pkcs8 } from "../determinism.js";
import { plantedFaults, type Faults } from "../faults.js";
import { fetchOver } from "../fetch.js";
import { transportInto } from "../memory.js";
import { createVault } from "./vault.js";

/** How a mock is made. */
export interface MciasMockOptions {
  /** What its clock shows first, in milliseconds since the epoch, or a function that tells. Default: as in the fixtures. */
  readonly now?: number | Date | (() => number);
  /** The first account ids and token ids that it makes, in that order. Further ones count. */
  readonly ids?: Iterable<string>;
  /** Default `seed`. */
  readonly profile?: "seed" | "extended";
}

/** Somebody whom a mock knows from the start. */
export interface MockAccount {
  readonly username: string;
  /** 12 to 1024 bytes. A system account has none. */
  readonly password?: string;
  /** Default `human`. */
  readonly type?: AccountType;
  readonly roles?: readonly string[];
  /** Base32. With it, a login needs a code. */
  readonly totpSecret?: string;
}

/** What a login policy is asked about. */
export type LoginFacts = Parameters<NonNullable<InMemoryOptions["loginPolicy"]>>[0];

/**
 * A mock of an MCIAS server (wire document, 6.6).
 *
 * What a test sets takes effect in the order of the calls, and a request sees all that was called before it, whether it
 * was awaited or not.
 */
export interface MciasMock extends Faults, AsyncDisposable {
  /** What its tokens name as issuer. Requests may be addressed to any host. */
  readonly url: string;
  /** Its time, which stands until it is turned. */
  readonly clock: ManualClock;
  /** The CA of `listen`, in PEM, once that has been called. */
  readonly caCert: string | undefined;
  /** Answers a request: the `fetch` of a client. Rejects where the connection is dropped. */
  handle(request: Request): Promise<Response>;
  /** Listens on a free port of loopback, by TLS. */
  listen(): Promise<{ readonly url: string; readonly caCert: string }>;
  /**
   * @returns the account's id
   * @throws CardeaError `username_taken`; `house_invalid` for what no account can be
   */
  addAccount(account: MockAccount): Promise<string>;
  /** @throws CardeaError `not_found`, `last_administrator` */
  setStatus(username: string, status: AccountStatus): Promise<void>;
  /** Decides who may log in, of those whose credentials are right. */
  setPolicy(allows: (facts: LoginFacts) => boolean): void;
  /** Ends a token as the lapse of its time would. @throws CardeaError `not_found` */
  expire(jti: string): Promise<void>;
  /** @throws CardeaError `not_found` */
  revoke(jti: string): Promise<void>;
  /** Locks an account as too many wrong guesses would. @throws CardeaError `not_found` */
  lock(username: string): Promise<void>;
  /** Seals the vault: all but health and the public key is 503 `vault_sealed`. */
  seal(on: boolean): void;
  close(): Promise<void>;
}

/** Section 7: when, who and with which key. The key is the public example of RFC 8037. */
const fixtures = {
  now: Date.parse("2026-03-11T09:00:00Z"),
  issuer: "https://auth.example.com:8443",
  privateKey: ed25519Pkcs8(Buffer.from("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "base64url")),
};

/** Makes a mock: the whole MCIAS wire of the authority, in memory, with the key and the clock of the fixtures. */
export function createMciasMock(options: MciasMockOptions = {}): MciasMock {
  const { profile = "seed" } = options;
  const clock = clockFrom(options.now ?? fixtures.now);
  const { wrap, ...faults } = plantedFaults(clock);
  const vault = createVault(profile);
  let policy: (facts: LoginFacts) => boolean = () => true;
  let caCert: string | undefined;

  let opening: Promise<InMemoryAuthority> | undefined;
  const opened = () =>
    (opening ??= openInMemory({
      origin: fixtures.issuer,
      house: { mcias: { profile } },
      clock,
      atRoot: "mcias",
      ids: { uuid: idsFrom(options.ids ?? []), rowId: countingUuids(0xffffffff) },
      signingKey: (algorithm) => (algorithm === "EdDSA" ? fixtures.privateKey : undefined),
      loginPolicy: (facts) => policy(facts),
      unlimited: true,
      wrapMount: (mount) => wrap(vault.wrap(mount)),
    }));

  let settled: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: (authority: InMemoryAuthority) => Promise<T>): Promise<T> {
    const done = settled.then(async () => work(await opened()));
    settled = done.catch(() => undefined);
    return done;
  }

  const reply = fetchOver(async (request, signal) => {
    await settled;
    const { pathname, search } = new URL(request.url);
    return transportInto(await opened())({ ...request, url: fixtures.issuer + pathname + search }, signal);
  });

  async function close(): Promise<void> {
    await settled;
    await (await opening)?.close();
  }

  return {
    ...faults,
    url: fixtures.issuer,
    clock,
    get caCert() {
      return caCert;
    },
    handle: (request) => reply(request),
    async listen() {
      await settled;
      const listening = await (await opened()).listen(fixtures.issuer);
      caCert = listening.caCert;
      return { url: listening.urls["mcias"] ?? "", caCert };
    },
    addAccount: (account) => inTurn((authority) => add(authority, account)),
    setStatus: (username, status) => inTurn((authority) => authority.setStatus(username, status)),
    setPolicy: (allows) => {
      policy = allows;
    },
    expire: (jti) => inTurn((authority) => authority.expireToken(jti)),
    revoke: (jti) => inTurn((authority) => authority.revokeToken(jti)),
    lock: (username) => inTurn((authority) => authority.lock(username)),
    seal: (on) => vault.seal(on),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function add(authority: InMemoryAuthority, account: MockAccount): Promise<string> {
  const { username, password, type = "human", roles = [], totpSecret } = account;
  const isTaken = await authority.subjectOf("mcias", username).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new CardeaError(`there is an account ${username} already`, { code: "username_taken" });
  await authority.apply({ accounts: [{ username, type, roles, password, totp: totpSecret }] });
  return authority.subjectOf("mcias", username);
}

/** Those that were given, then such as count. */
function idsFrom(given: Iterable<string>): () => string {
  const ids = given[Symbol.iterator]();
  const further = countingUuids(0);
  return () => {
    const next = ids.next();
    return next.done === true ? further() : next.value.toLowerCase();
  };
}

function clockFrom(now: number | Date | (() => number)): ManualClock {
  if (typeof now !== "function") return manualClock(Number(now));
  const turned = manualClock(0);
  return { ...turned, now: () => now() + turned.now(), set: (ms) => turned.set(ms - now()) };
}
