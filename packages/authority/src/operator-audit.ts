/** The audit log of a house, read from its database: stopped, running, or a copy. Nothing is written. */
import { existsSync } from "node:fs";
import { CardeaError } from "@cardea/core";
import { parseJson } from "@cardea/core/serve";
import { masterKeyPath } from "./foundation.js";
import { auditKeyLine } from "./identity/audit-chain.js";
import {
  verifyAudit,
  type AuditFault,
  type AuditFinding,
  type AuditHead,
  type AuditVerdict,
} from "./identity/audit-verification.js";
import { dataKeysOf } from "./identity/sealing.js";
import { privateKeyPlace } from "./identity/signing-key-states.js";
import { codeOf, readFileIfAny } from "./keys/durable-file.js";
import { findNextMasterKey, loadMasterKey } from "./keys/master-key.js";
import { createSeals, type Seals } from "./keys/seal.js";
import { importPrivateKey, thumbprint, type PublicJwk } from "./keys/signing.js";
import { readHouse, type HouseLocation } from "./operator.js";
import type { Reader } from "./storage/storage.js";

export type { AuditFault, AuditFinding, AuditHead, AuditVerdict };

/** What was found out about an audit log. */
export interface AuditReport extends AuditVerdict {
  /**
   * Why the audit key is believed: a file of the operator's, the master key that has sealed it, or only the database
   * itself. Whoever can write there could have put another key there, so the last one proves little.
   */
  readonly keyFrom: "file" | "master_key" | "database";
}

/**
 * Finds out whether anything in the audit log was changed, dropped, added or moved since it was sealed.
 *
 * @param options.keyFile the audit key's public half, as `auditKey` gives it
 * @param options.head the head of an earlier report: it proves that the log was not cut since
 * @throws CardeaError `audit_key_unreadable`, `wrong_master_key`; StorageError
 */
export function verifyAuditLog(
  options: HouseLocation & { readonly keyFile?: string; readonly head?: AuditHead },
): Promise<AuditReport> {
  const { keyFile, head } = options;
  return readHouse(options, async (database) => {
    const { keys, keyFrom } =
      keyFile === undefined
        ? await ownKeys(database.read, options)
        : { keys: [await keyIn(keyFile)], keyFrom: "file" as const };
    const highestId = await database.highestEventId();
    const verdict = await verifyAudit(database.read, { keys, highestId, ...(head !== undefined && { head }) });
    return { ...verdict, keyFrom };
  });
}

/**
 * The audit key's public half as a JWK, to be kept where nobody who can write to the database can write.
 *
 * @throws CardeaError `audit_key_unproved` where the master key is not at hand that has sealed it
 */
export function auditKey(location: HouseLocation): Promise<PublicJwk> {
  return readHouse(location, async ({ read }) => {
    const { keys, keyFrom } = await ownKeys(read, location);
    const [key] = keys;
    if (key === undefined || keyFrom !== "master_key") {
      throw new CardeaError("there is no audit key here that the master key has sealed", {
        code: "audit_key_unproved",
        help: "Start the authority once, and name its data folder: --data DIR.",
      });
    }
    return key;
  });
}

/** An event of the audit log. */
export interface AuditEntry {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: string;
  readonly wire: string;
  readonly operation: string;
  readonly actor?: string;
  readonly target?: string;
  readonly address?: string;
  readonly requestId?: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * The newest events, oldest of them first.
 *
 * @param options.since milliseconds since the epoch
 * @param options.limit how many at most
 */
export function listAuditEvents(
  options: HouseLocation & { readonly since?: number; readonly limit: number },
): Promise<AuditEntry[]> {
  const { since = Number.MIN_SAFE_INTEGER, limit } = options;
  return readHouse(options, async ({ read }) => {
    const events = read.selectFrom("audit_events").selectAll().where("at", ">=", since);
    const rows = await events.orderBy("id", "desc").limit(limit).execute();
    return rows.reverse().map(({ actor_id, target_id, address, request_id, details, ...facts }) => ({
      ...facts,
      ...(actor_id !== null && { actor: actor_id }),
      ...(target_id !== null && { target: target_id }),
      ...(address !== null && { address }),
      ...(request_id !== null && { requestId: request_id }),
      details: JSON.parse(details) as Record<string, unknown>,
    }));
  });
}

/** The keys that the database names, and where the master key is at hand, only those that it has sealed. */
async function ownKeys(
  read: Reader,
  { dataFolder }: HouseLocation,
): Promise<{ readonly keys: readonly PublicJwk[]; readonly keyFrom: "master_key" | "database" }> {
  const rows = await read
    .selectFrom("signing_keys")
    .select(["kid", "public_jwk", "private_key"])
    .where("wire", "=", auditKeyLine.wire)
    .execute();
  const path = masterKeyPath(dataFolder);
  if (!existsSync(path)) {
    return { keys: rows.map((row) => JSON.parse(row.public_jwk) as PublicJwk), keyFrom: "database" };
  }
  const seals = await sealsAt(read, path);
  const keys = rows.flatMap(({ kid, private_key }) => {
    const key = openKey(seals, kid, private_key);
    return key === undefined ? [] : [key];
  });
  return { keys, keyFrom: "master_key" };
}

/** @returns nothing where somebody without the master key has put the row there */
function openKey(seals: Seals, kid: string, sealed: Uint8Array): PublicJwk | undefined {
  try {
    const secret = seals.open(privateKeyPlace(kid), sealed);
    const { publicJwk } = importPrivateKey(auditKeyLine.algorithm, secret);
    secret.fill(0);
    return publicJwk;
  } catch {
    return undefined;
  }
}

/** @throws CardeaError `wrong_master_key`: a key that is at hand and does not fit is never passed over in silence */
async function sealsAt(read: Reader, path: string): Promise<Seals> {
  const dataKeys = await dataKeysOf(read);
  const masterKey = await loadMasterKey(path, { expected: true });
  try {
    return createSeals({ masterKey, dataKeys });
  } catch (error) {
    // An exchange of the master key may have been cut off: see master-key-exchange.ts.
    const next = await findNextMasterKey(path);
    if (next === undefined) throw error;
    return createSeals({ masterKey: next, dataKeys });
  }
}

async function keyIn(path: string): Promise<PublicJwk> {
  const unreadable = (why: string) =>
    new CardeaError(`the audit key in ${path} cannot be used: ${why}`, {
      code: "audit_key_unreadable",
      help: "Give the file that was written from: cardea audit key",
    });
  const content = await readFileIfAny(path).catch((error: unknown) => {
    throw unreadable(codeOf(error) ?? "unknown error");
  });
  if (!content.found) throw unreadable("there is no such file");
  try {
    const jwk = parseJson(Buffer.from(content.text)) as PublicJwk;
    thumbprint(jwk);
    return jwk;
  } catch {
    throw unreadable("expected a public key as JWK");
  }
}
