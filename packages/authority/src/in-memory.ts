import { randomBytes } from "node:crypto";
import { systemClock, type Clock, type HttpReply, type HttpRequest } from "@cardea/core";
import { wires } from "./dialects/registry.js";
import type { WireDeps } from "./dialects/wire-module.js";
import { openFoundation, type Foundation } from "./foundation.js";
import type { Mount } from "./front/exchange.js";
import { silentLog, type Log } from "./front/log.js";
import { inMemory } from "./front/memory.js";
import { openFront, type Front } from "./front/server.js";
import { applyHouse, type HouseReport } from "./house/apply.js";
import { keepSections } from "./house/keep.js";
import { loadHouse } from "./house/load.js";
import { openSigningKeys } from "./identity/signing-keys.js";
import { interventionsIn, type Interventions } from "./interventions.js";
import { generateSigningKey, importPrivateKey, type SigningAlgorithm } from "./keys/signing.js";
import { permittedFor, type ServerNames } from "./tls/names.js";
import { inProcessHashes } from "./workers/in-process-hashes.js";

/** How an authority is opened that nothing outlives. */
export interface InMemoryOptions {
  /** Scheme, host and port that requests in memory are addressed to, and that tokens name. */
  readonly origin: string;
  /** Path of the house file, or what would stand in it. */
  readonly house?: string | object;
  /** Where generated secrets are written, once, mode 0600. */
  readonly credentialsOut?: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** A wire that is served at the root, in place of under its prefix. */
  readonly atRoot?: string;
  /** Makes ids: `uuid` those that wires show, `rowId` all others. Default: random ones. */
  readonly ids?: Pick<Foundation, "uuid" | "rowId">;
  /** Gives the private keys that sign tokens, as PKCS #8 in DER. What it does not give is random. */
  readonly signingKey?: (algorithm: SigningAlgorithm) => Uint8Array | undefined;
  /** Asked besides the rules of the house, of whoever has the right credentials. */
  readonly loginPolicy?: WireDeps["loginPolicy"];
  /** True: requests are not counted, whatever the house says of rates. */
  readonly unlimited?: boolean;
  /** Puts something between the door and a wire. */
  readonly wrapMount?: (mount: Mount) => Mount;
}

/** Where an authority listens. */
export interface Listening {
  /** Base URL by wire. */
  readonly urls: Readonly<Record<string, string>>;
  /** The certificate, in PEM, that clients must trust: of a CA that was made for this. */
  readonly caCert: string;
}

/** The whole authority, with nothing on disk. */
export interface InMemoryAuthority extends Interventions {
  /** Base URL by wire, for requests in memory. */
  readonly urls: Readonly<Record<string, string>>;
  /** What applying the house did. */
  readonly house?: HouseReport;
  /** Answers a request that came through no socket. Rejects with `ReplyDropped` only. */
  handle(request: HttpRequest): Promise<HttpReply>;
  /** Applies a house to the running authority: its accounts are there at once, settings stay those of the start. */
  apply(house: string | object): Promise<HouseReport>;
  /**
   * Listens on a free port of loopback too, by TLS.
   *
   * @param publicUrl what tokens name and the door answers for; the listener's own address where it is not given
   */
  listen(publicUrl?: string): Promise<Listening>;
  /** Ends connections and forgets everything. */
  close(): Promise<void>;
}

/**
 * Opens an authority for tests: every check, handler and query of the real one, but no file, no socket unless asked, no
 * housekeeping, and password hashes that cost nothing **and protect nothing**.
 *
 * @throws CardeaError as the house file does
 */
export async function openInMemory(options: InMemoryOptions): Promise<InMemoryAuthority> {
  const { clock, origin, log = silentLog } = options;
  const foundation = await openFoundation({ ...options, hashes: await inProcessHashes() });
  const { storage, settings } = foundation;
  const mounts = await openMounts(options, foundation, log).catch(async (error: unknown) => {
    await foundation.close();
    throw error;
  });
  const urlsAt = (base: string) => Object.fromEntries(mounts.map(({ name, prefix }) => [name, base + prefix]));
  const fronts: Front[] = [];

  return {
    urls: urlsAt(origin),
    ...(foundation.house !== undefined && { house: foundation.house }),
    ...interventionsIn({ storage, clock, limits: settings.guesses.account }),
    handle: inMemory(mounts, { origin, clock, log }),
    async apply(house) {
      const { credentialsOut } = options;
      const loaded = await keepSections(await loadHouse(house), { read: storage.read, hashes: foundation.hashes });
      return applyHouse({ ...foundation, clock }, loaded, {
        ...(credentialsOut !== undefined && { credentialsOut }),
      });
    },
    async listen(publicUrl) {
      const { ca, cert, key } = await throwAwayTls();
      const front = await openFront({
        mounts,
        listeners: [{ kind: "https", host: "127.0.0.1", port: 0, cert, key }],
        trustedProxies: [],
        ...(publicUrl !== undefined && { publicUrl }),
        // Sockets live in the time of the machine.
        clock: systemClock,
        log,
        ready: () => Promise.resolve({ ok: true }),
      });
      fronts.push(front);
      return { urls: urlsAt(front.addresses[0]?.url ?? ""), caCert: ca };
    },
    async close() {
      await Promise.all(fronts.map((front) => front.close(0)));
      await foundation.close();
    },
  };
}

async function openMounts(options: InMemoryOptions, foundation: Foundation, log: Log): Promise<Mount[]> {
  const { clock, signingKey, loginPolicy, unlimited, wrapMount = (mount: Mount) => mount } = options;
  const { settings } = foundation;
  const makeKey = (algorithm: SigningAlgorithm) => {
    const given = signingKey?.(algorithm);
    return given === undefined ? generateSigningKey(algorithm) : importPrivateKey(algorithm, given);
  };
  const deps: WireDeps = {
    ...foundation,
    guesses: settings.guesses,
    clock,
    log,
    signingKeys: (line) =>
      openSigningKeys({ ...foundation, makeKey }, { wire: line.wire, operation: "start" }, clock.now(), line),
    ...(loginPolicy !== undefined && { loginPolicy }),
    ...(unlimited !== undefined && { unlimited }),
  };
  const mounts = await Promise.all(wires.map((wire) => wire.open(deps, settings.sections[wire.section])));
  return mounts.map((mount) => wrapMount(mount.name === options.atRoot ? { ...mount, prefix: "" } : mount));
}

const loopback: ServerNames = { names: ["localhost"], addresses: ["127.0.0.1", "::1"] };

async function throwAwayTls(): Promise<{ readonly ca: string; readonly cert: string; readonly key: string }> {
  const { issueAuthority, issueServer } = await import("./tls/issue.js");
  const context = { now: systemClock.now(), random: randomBytes };
  const authority = issueAuthority(permittedFor(loopback), context);
  return { ca: authority.cert, ...issueServer(authority, loopback, context) };
}
