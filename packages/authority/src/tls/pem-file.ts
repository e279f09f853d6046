import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { CardeaError } from "@cardea/core";
import { codeOf, readFileIfAny, type FileContent } from "../keys/durable-file.js";

/** A certificate and where it came from. */
export interface CertificateFile {
  readonly path: string;
  readonly pem: string;
  /** The first of the file; what follows it are those of its issuers. */
  readonly certificate: X509Certificate;
}

export interface KeyFile {
  readonly path: string;
  readonly pem: string;
  readonly key: KeyObject;
  /** Somebody besides the owner may read or write it. */
  readonly exposed: boolean;
}

/**
 * @returns `undefined` where there is no such file
 * @throws CardeaError `tls_file_unreadable`, `tls_file_malformed`
 */
export async function readCertificate(path: string): Promise<CertificateFile | undefined> {
  const content = await read(path);
  if (!content.found) return undefined;
  const certificate = parse(path, "a certificate in PEM", () => new X509Certificate(content.text));
  return { path, pem: content.text, certificate };
}

/**
 * @returns `undefined` where there is no such file
 * @throws CardeaError `tls_file_unreadable`, `tls_file_malformed`
 */
export async function readKey(path: string): Promise<KeyFile | undefined> {
  const content = await read(path);
  if (!content.found) return undefined;
  const key = parse(path, "a private key in PEM without a passphrase", () => createPrivateKey(content.text));
  return { path, pem: content.text, key, exposed: content.exposed };
}

/** When a certificate is valid, in milliseconds since the epoch. */
export function validityOf({ validFrom, validTo }: X509Certificate): { readonly from: number; readonly to: number } {
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

async function read(path: string): Promise<FileContent> {
  try {
    return await readFileIfAny(path);
  } catch (error) {
    throw new CardeaError(`${path} cannot be read (${codeOf(error) ?? "unknown error"})`, {
      code: "tls_file_unreadable",
      help: "Run Cardea as a user that may read the file.",
    });
  }
}

/** The library's own error may quote what it read, so it goes no further. */
function parse<T>(path: string, expected: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new CardeaError(`${path} does not hold ${expected}`, {
      code: "tls_file_malformed",
      help: "Put the right file there. What Cardea made itself may be removed: it is made anew.",
    });
  }
}
