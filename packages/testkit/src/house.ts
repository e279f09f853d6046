import { openInMemory, type HouseReport, type InMemoryAuthority, type Interventions } from "@cardea/authority";
import { manualClock, systemClock, type ManualClock, type Transport } from "@cardea/core";
import { httpsTransport } from "@cardea/core/https";
import { MciasClient, type MciasClientOptions } from "@cardea/mcias";
import { seeded } from "./determinism.js";
import { plantedFaults, type Faults } from "./faults.js";
import { fetchOver, type TestFetch } from "./fetch.js";
import { transportInto } from "./memory.js";

/** How a house is started. Everything has a default. */
export interface HouseOptions {
  /** What would stand in a house file, or the path of one. Default: nobody lives there. */
  readonly house?: string | object;
  /** True: it listens on a free port of loopback, by TLS. Default: requests never leave the process. */
  readonly sockets?: boolean;
  /** Default: one that stands at the present time. */
  readonly clock?: ManualClock;
  /** Makes ids and the signing key follow from a number. With a clock of its own, tokens then come out the same. */
  readonly seed?: number;
  /** True: requests are limited as the house says, or by default as the wire does. Default: they are not. */
  readonly rates?: boolean;
  /** Where secrets that the house asks to generate are written, once, mode 0600. */
  readonly credentialsOut?: string;
}

/** A running authority, and its strings. */
export interface House extends Faults, Interventions, AsyncDisposable {
  /** Scheme, host and port. */
  readonly url: string;
  /** Base URL by wire: what a client of that wire is given. */
  readonly urls: Readonly<Record<string, string>>;
  /** On sockets: the certificate, in PEM, that clients must trust. */
  readonly caCert?: string;
  /** The time of the house. It stands until it is turned: `clock.advance(60_000)`. */
  readonly clock: ManualClock;
  /** What applying the house did. */
  readonly report?: HouseReport;
  /** Reaches the house like the platform's `fetch`: a client's `fetch` option. */
  readonly fetch: TestFetch;
  /** Reaches the house as a port's transport. */
  readonly transport: Transport;
  /** A client of the MCIAS wire, in the time of the house. */
  mcias(options?: Partial<MciasClientOptions>): MciasClient;
  /** Applies a house to the running authority, such as one more account. Settings of wires are those of the start. */
  apply(house: string | object): Promise<HouseReport>;
  /** Ends it. So does leaving the scope of `await using`. */
  close(): Promise<void>;
}

/** A name that no resolver knows (RFC 6761). */
const memoryOrigin = "https://cardea.test";

/**
 * Starts an authority for a test: the real wires over the real core, with nothing on disk.
 *
 * Its password hashes cost nothing and protect nothing, so it is for tests alone.
 *
 * @throws CardeaError as the house file does: `house_invalid`, `house_unreadable`, `credentials_missing`
 */
export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const { house, sockets = false, rates = false, seed, credentialsOut } = options;
  const clock = options.clock ?? manualClock(systemClock.now());
  const faults = plantedFaults(clock);
  const authority = await openInMemory({
    origin: memoryOrigin,
    clock,
    unlimited: !rates,
    wrapMount: (mount) => faults.wrap(mount),
    ...(house !== undefined && { house }),
    ...(credentialsOut !== undefined && { credentialsOut }),
    ...(seed !== undefined && seeded(seed)),
  });
  const { wrap: _, ...plantable } = faults;
  const { handle: _handle, listen: _listen, house: report, ...operable } = authority;
  const reach = sockets ? await overSockets(authority) : inMemory(authority);
  const fetch = fetchOver(reach.transport);

  async function close(): Promise<void> {
    reach.end();
    await authority.close();
  }

  return {
    ...operable,
    ...plantable,
    ...(report !== undefined && { report }),
    url: new URL(reach.urls["mcias"] ?? memoryOrigin).origin,
    urls: reach.urls,
    ...(reach.caCert !== undefined && { caCert: reach.caCert }),
    clock,
    fetch,
    transport: reach.transport,
    mcias: (more = {}) => new MciasClient({ serverUrl: reach.urls["mcias"] ?? memoryOrigin, fetch, clock, ...more }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How requests get to an authority. */
interface Reach {
  readonly urls: Readonly<Record<string, string>>;
  readonly caCert?: string;
  readonly transport: Transport;
  end(): void;
}

function inMemory(authority: InMemoryAuthority): Reach {
  return { urls: authority.urls, transport: transportInto(authority), end: () => undefined };
}

async function overSockets(authority: InMemoryAuthority): Promise<Reach> {
  const { urls, caCert } = await authority.listen();
  const transport = httpsTransport({ ca: caCert });
  return { urls, caCert, transport, end: () => transport.close() };
}
