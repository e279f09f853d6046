import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@cardea/authority";
import { manualClock, type ManualClock } from "@cardea/core";
import { MciasClient, type MciasClientOptions } from "@cardea/mcias";
import { createMciasMock, type MockAccount } from "@cardea/testkit/mcias";

/** What the two ends have in common for those who call them. */
export interface World extends AsyncDisposable {
  readonly clock: ManualClock;
  client(options?: Partial<MciasClientOptions>): MciasClient;
  /** From now on no account can be made. */
  breakStorage(): void;
  /** From now on validation is refused as too frequent. */
  exhaustValidation(): Promise<void>;
  /** What earlier steps keep for later ones: clients by who they are, ids by whose they are. */
  readonly clients: Record<string, MciasClient>;
  readonly ids: Record<string, string>;
}

/** How both ends are set up. */
export interface Setting {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly people: readonly MockAccount[];
  readonly profile?: "seed" | "extended";
  /** Ids in the order in which a mock makes them. */
  readonly ids: readonly string[];
}

/** The service that both ends let nobody log in for. */
export const forbiddenService = "forbidden";

/** The mock, with the bodies that it was sent last and that it answered. */
export interface MockWorld extends World {
  readonly seen: { request: string; reply: string };
}

export async function mockWorld({ now, people, ids, profile = "seed" }: Setting): Promise<MockWorld> {
  const mock = createMciasMock({ now, ids, profile });
  for (const person of people) await mock.addAccount(person);
  mock.setPolicy(({ serviceName }) => serviceName !== forbiddenService);
  const seen = { request: "", reply: "" };
  const fetch = async (request: Request) => {
    seen.request = await request.clone().text();
    const reply = await mock.handle(request);
    seen.reply = await reply.clone().text();
    return reply;
  };
  return {
    seen,
    clock: mock.clock,
    client: (options) => new MciasClient({ serverUrl: mock.url, fetch, ...options }),
    breakStorage: () => mock.failNext("/v1/accounts", { status: 500 }),
    exhaustValidation: () => Promise.resolve(mock.failNext("/v1/token/validate", { status: 429 })),
    clients: {},
    ids: {},
    [Symbol.asyncDispose]: () => mock.close(),
  };
}

/** An authority as an operator starts it: a data folder, real hashes, TLS. */
export async function serverWorld({ now, people, profile = "seed" }: Setting): Promise<World> {
  const dataFolder = await mkdtemp(join(tmpdir(), "cardea-test-"));
  const clock = manualClock(now);
  let broken = false;
  const authority = await startAuthority({
    dataFolder,
    port: 0,
    clock,
    house: {
      accounts: people.map(({ totpSecret, ...person }) => ({ ...person, totp: totpSecret })),
      mcias: {
        profile,
        rates: { login: "off", validate: { perSecond: 0.001, burst: 20 } },
        policy: [{ effect: "deny", serviceNames: [forbiddenService] }],
      },
    },
    wrapStorage: (real) => ({
      ...real,
      unit: (work) => (broken ? Promise.reject(new Error("planted")) : real.unit(work)),
    }),
  });
  const caCert = await readFile(authority.caCert as string, "utf8");
  const client = (options?: Partial<MciasClientOptions>) =>
    new MciasClient({ serverUrl: authority.urls["mcias"] as string, caCert, ...options });
  return {
    clock,
    client,
    breakStorage: () => {
      broken = true;
    },
    async exhaustValidation() {
      const asking = client();
      const passes = () =>
        asking.validateToken("a.b.c").then(
          () => true,
          () => false,
        );
      while (await passes()) continue;
    },
    clients: {},
    ids: {},
    async [Symbol.asyncDispose]() {
      await authority.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
