import { randomBytes, type X509Certificate } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { CardeaError, type Clock } from "@cardea/core";
import { codeOf, replaceFile } from "../keys/durable-file.js";
import type { Issued } from "./issue.js";
import { canonicalName, canonicalNames, permittedFor, type ServerNames } from "./names.js";
import { readCertificate, readKey, validityOf, type CertificateFile, type KeyFile } from "./pem-file.js";

export interface LocalTlsOptions {
  /** The data folder; the files are in its folder `tls`. */
  readonly folder: string;
  /** DNS names that the server must be reachable by, besides `localhost`. */
  readonly names?: readonly string[];
  /** IP addresses that it must be reachable by, besides loopback. */
  readonly addresses?: readonly string[];
  /** Named too where the local CA may. Default: the name of this machine. */
  readonly hostName?: string;
  /** The time that clients see: that of the machine, unless they live in another. */
  readonly clock: Clock;
  /** For serial numbers and the name of the CA. Keys always come from the system. */
  readonly random?: (bytes: number) => Uint8Array;
}

/** What a TLS server needs, and its clients. */
export interface LocalTls {
  /** Path of the file that clients are given as their CA. */
  readonly caCert: string;
  /** The same in PEM. */
  readonly ca: string;
  /** Certificate of the server, in PEM. */
  readonly cert: string;
  /** Its private key, in PEM. */
  readonly key: string;
  /** What this start had to make. After `authority`, clients need the CA file again. */
  readonly made: "nothing" | "server" | "authority";
}

const dayMs = 24 * 3_600_000;
/** With less left than this, a certificate is renewed. */
const renewalMs = 30 * dayMs;

/**
 * A certificate for this server by a certificate authority of its own, so that TLS is on from the first start.
 *
 * The authority can vouch for private names and addresses and for those asked for at the first start. It is kept until
 * it is about to expire or a name is asked for that it cannot vouch for. The server's certificate is renewed when less
 * than 30 days are left or its names have changed. A later start only reads, and never repairs what it cannot read.
 *
 * @throws CardeaError `tls_name_invalid`, `tls_file_unreadable`, `tls_file_malformed`, `tls_key_exposed`,
 * `tls_authority_incomplete`, `tls_clock_behind`, `tls_folder_unwritable`
 */
export async function ensureTls(options: LocalTlsOptions): Promise<LocalTls> {
  const paths = pathsIn(join(options.folder, "tls"));
  const context = { now: options.clock.now(), random: options.random ?? randomBytes };
  const required = canonicalNames({
    names: ["localhost", ...(options.names ?? [])],
    addresses: ["127.0.0.1", "::1", ...(options.addresses ?? [])],
  });
  const preferred = withHostName(required, options.hostName ?? hostname());

  const ca = await readCa(paths, context.now);
  const server = ca === undefined ? undefined : await readServer(paths, ca, context.now);
  if (ca !== undefined && server !== undefined && hasNames(server.certificate, preferred)) {
    return { caCert: paths.caCert, ca: ca.pem, ...server.pair, made: "nothing" };
  }

  const { issueAuthority, issueServer, mayVouchFor } = await import("./issue.js");
  if (ca === undefined || isEnding(ca.certificate, context.now) || !mayVouchFor(ca.certificate, required)) {
    const authority = issueAuthority(permittedFor(preferred), context);
    const pair = issueServer(authority, preferred, context);
    await write(paths, { authority, server: pair });
    return { caCert: paths.caCert, ca: authority.cert, ...pair, made: "authority" };
  }

  const names = mayVouchFor(ca.certificate, preferred) ? preferred : required;
  if (server !== undefined && hasNames(server.certificate, names)) {
    return { caCert: paths.caCert, ca: ca.pem, ...server.pair, made: "nothing" };
  }
  const caKey = await readCaKey(paths, ca);
  const pair = issueServer({ cert: ca.pem, key: caKey.pem }, names, context);
  await write(paths, { server: pair });
  return { caCert: paths.caCert, ca: ca.pem, ...pair, made: "server" };
}

interface Paths {
  readonly folder: string;
  readonly caCert: string;
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
}

function pathsIn(folder: string): Paths {
  const [caCert, caKey] = [join(folder, "ca.pem"), join(folder, "ca.key")];
  return { folder, caCert, caKey, cert: join(folder, "server.pem"), key: join(folder, "server.key") };
}

/** The name of a machine may be anything, and in containers changes with each start. */
function withHostName(required: ServerNames, host: string): ServerNames {
  const name = canonicalName(host);
  return name === undefined ? required : canonicalNames({ ...required, names: [...required.names, name] });
}

/** A wrong clock must not be what replaces a CA that clients trust. */
async function readCa({ caCert, folder }: Paths, now: number): Promise<CertificateFile | undefined> {
  const ca = await readCertificate(caCert);
  if (ca === undefined || validityOf(ca.certificate).from <= now) return ca;
  throw new CardeaError(`the CA in ${caCert} was made later than the clock of this machine says it is`, {
    code: "tls_clock_behind",
    help: `Set the clock right. If it was wrong when the CA was made, remove the folder ${folder} to have a new one made.`,
  });
}

/** `undefined` where one has to be made: there is none, it is of another CA or key, or it is about to expire. */
async function readServer(paths: Paths, ca: CertificateFile, now: number) {
  const cert = await readCertificate(paths.cert);
  const key = await readKey(paths.key);
  if (cert === undefined || key === undefined) return undefined;
  refuseExposed(key);
  const { certificate } = cert;
  const good =
    validityOf(certificate).from <= now &&
    !isEnding(certificate, now) &&
    certificate.checkPrivateKey(key.key) &&
    certificate.verify(ca.certificate.publicKey);
  return good ? { certificate, pair: { cert: cert.pem, key: key.pem } } : undefined;
}

async function readCaKey(paths: Paths, ca: CertificateFile): Promise<KeyFile> {
  const key = await readKey(paths.caKey);
  if (key === undefined || !ca.certificate.checkPrivateKey(key.key)) {
    throw new CardeaError(`the server needs a new certificate, and ${paths.caKey} is not the key of ${paths.caCert}`, {
      code: "tls_authority_incomplete",
      help: `Put the key back, or remove the folder ${paths.folder} to have a new CA made: clients need its ca.pem then.`,
    });
  }
  refuseExposed(key);
  return key;
}

function refuseExposed({ path, exposed }: KeyFile): void {
  if (!exposed) return;
  throw new CardeaError(`the key in ${path} can be read by others than its owner`, {
    code: "tls_key_exposed",
    help: `Take the rights of others away: chmod 600 '${path}'. Where others may have read it, remove its folder instead.`,
  });
}

function isEnding(certificate: X509Certificate, now: number): boolean {
  return validityOf(certificate).to - now < renewalMs;
}

/** These names and no others. */
function hasNames(certificate: X509Certificate, { names, addresses }: ServerNames): boolean {
  const count = certificate.subjectAltName?.split(", ").length ?? 0;
  return (
    count === names.length + addresses.length &&
    names.every((name) => certificate.checkHost(name, { subject: "never", wildcards: false }) !== undefined) &&
    addresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

/**
 * A certificate comes after its key, and the server's pair after the CA's. So what a crash leaves undone shows itself at
 * the next start, and is made again.
 */
async function write(paths: Paths, made: { readonly authority?: Issued; readonly server: Issued }): Promise<void> {
  try {
    if (made.authority !== undefined) {
      await rm(paths.caCert, { force: true });
      await replaceFile(paths.caKey, made.authority.key, 0o600);
      await replaceFile(paths.caCert, made.authority.cert, 0o644);
    }
    await replaceFile(paths.key, made.server.key, 0o600);
    await replaceFile(paths.cert, made.server.cert, 0o644);
  } catch (error) {
    throw new CardeaError(
      `the certificates cannot be written to ${paths.folder} (${codeOf(error) ?? "unknown error"})`,
      {
        code: "tls_folder_unwritable",
        help:
          codeOf(error) === "ENOSPC"
            ? "Free some space on the disk."
            : "Choose a data folder that this user can write to.",
      },
    );
  }
}
