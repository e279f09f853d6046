/** Composition: the one file that knows every room of the authority. */
import { mkdir } from "node:fs/promises";
import { CardeaError, systemClock } from "@cardea/core";
import type { Authority, AuthorityOptions } from "./authority.js";
import { takeCare } from "./care.js";
import { wires } from "./dialects/registry.js";
import type { WireDeps } from "./dialects/wire-module.js";
import { makeDataFolder, openFoundation, type Foundation } from "./foundation.js";
import type { Mount } from "./front/exchange.js";
import type { ListenerOptions } from "./front/listener.js";
import { silentLog } from "./front/log.js";
import { openFront, type Front } from "./front/server.js";
import { createKeyring } from "./identity/keyring.js";
import { setupPages } from "./pages/setup.js";
import { removeReadyFile, writeReadyFile } from "./ready-file.js";
import { makeSetupLink, removeSetupLink } from "./setup-link.js";
import { readTls } from "./tls/given-certificate.js";
import { ensureTls } from "./tls/local-ca.js";

/** How long requests under way may take when the authority stops. */
const graceMs = 5_000;

/**
 * Starts an authority: opens the house, applies its file, listens, and says that it is ready.
 *
 * @throws CardeaError with one sentence that says what to do: the data folder, the house file, a port, a certificate
 */
export async function startAuthority(options: AuthorityOptions): Promise<Authority> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const { dataFolder } = options;
  await makeDataFolder(dataFolder);
  if (options.outbox !== undefined) await makeOutbox(options.outbox);
  const tls = await certificateOf(options);
  const foundation = await openFoundation({ ...options, clock });
  const keyring = createKeyring({ ...foundation, clock, rotateAfterMs: foundation.settings.rotateKeysAfterMs });
  const care = await takeCare({ foundation, keyring, clock, log }).catch(async (error: unknown) => {
    await foundation.close();
    throw error;
  });
  let front: Front | undefined;
  const stop = async () => {
    await front?.close(graceMs);
    await care.end();
    await foundation.close();
  };
  try {
    const deps: WireDeps = {
      ...foundation,
      guesses: foundation.settings.guesses,
      clock,
      log,
      signingKeys: (line) => keyring.open(line),
    };
    front = await openFront({
      mounts: [
        ...(await openWires(deps, foundation)),
        setupPages({ ...deps, done: () => void removeSetupLink(dataFolder) }),
      ],
      listeners: listenersOf(options, tls),
      trustedProxies: options.trustedProxies ?? [],
      ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
      clock,
      log,
      ...(options.logRequests !== undefined && { logRequests: options.logRequests }),
      ready: async () => {
        await foundation.storage.ping();
        return { ok: true };
      },
    });
    const base = options.publicUrl === undefined ? addressOf(front, "https") : new URL(options.publicUrl).origin;
    const urls = Object.fromEntries(wires.map((wire) => [wire.wire, base + wire.prefix]));
    const link = await makeSetupLink({ ...foundation, clock, dataFolder }, base, "start");
    const { caCert } = tls;
    if (options.readyFile !== undefined) {
      await writeReadyFile(options.readyFile, {
        pid: process.pid,
        ...(caCert !== undefined && { caCert }),
        urls,
        env: caCert === undefined ? {} : { NODE_EXTRA_CA_CERTS: caCert },
      });
    }
    let stopped: Promise<void> | undefined;
    return {
      urls,
      ...(caCert !== undefined && { caCert }),
      ...(foundation.house !== undefined && { house: foundation.house }),
      ...(link !== undefined && { setupLink: link }),
      close: () =>
        (stopped ??= (async () => {
          if (options.readyFile !== undefined) await removeReadyFile(options.readyFile);
          await stop();
        })()),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeOutbox(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch(() => {
    throw new CardeaError(`the outbox ${path} cannot be made or used`, {
      code: "outbox_unusable",
      help: "Choose a folder that this user can write to: --outbox FOLDER.",
    });
  });
}

interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Path of the local CA's certificate. */
  readonly caCert?: string;
}

/** An operator's own certificate, or one of the local CA. The clock of clients is that of the machine. */
async function certificateOf(options: AuthorityOptions): Promise<Certificate> {
  const { tlsCert, tlsKey } = options;
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return readTls({ certPath: tlsCert, keyPath: tlsKey, clock: systemClock });
  }
  if (tlsCert !== undefined || tlsKey !== undefined) {
    throw new CardeaError("a certificate and its key belong together, and only one of them was given", {
      code: "tls_pair_incomplete",
      help: "Give both --tls-cert and --tls-key, or neither.",
    });
  }
  const names = namesOf(options);
  return ensureTls({ folder: options.dataFolder, ...names, clock: systemClock });
}

/** What the certificate must be good for, besides this machine's own names. */
function namesOf({ publicUrl, host }: AuthorityOptions): { readonly names: string[]; readonly addresses: string[] } {
  // One that is no URL is refused by the front door, with a sentence.
  const hosts = [publicUrl !== undefined && URL.canParse(publicUrl) ? new URL(publicUrl).hostname : undefined, host];
  const given = hosts.filter((one): one is string => one !== undefined && !/^(0\.0\.0\.0|::|\[::\])$/.test(one));
  const isAddress = (one: string) => /^[0-9.]+$|:/.test(one);
  return {
    names: given.filter((one) => !isAddress(one)),
    addresses: given.filter(isAddress).map((one) => one.replace(/^\[|\]$/g, "")),
  };
}

function listenersOf(options: AuthorityOptions, { cert, key }: Certificate): ListenerOptions[] {
  const host = options.host ?? "127.0.0.1";
  const listeners: ListenerOptions[] = [{ kind: "https", host, port: options.port ?? 8443, cert, key }];
  if (options.httpPort !== undefined) listeners.push({ kind: "http", host: "127.0.0.1", port: options.httpPort });
  return listeners;
}

function addressOf(front: Front, kind: "https" | "http"): string {
  const address = front.addresses.find((one) => one.kind === kind);
  if (address === undefined) throw new TypeError(`there is no ${kind} listener`);
  return address.url;
}

async function openWires(deps: WireDeps, { settings }: Foundation): Promise<Mount[]> {
  return Promise.all(wires.map((wire) => wire.open(deps, settings.sections[wire.section])));
}
