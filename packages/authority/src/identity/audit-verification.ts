import { thumbprint, verifier, type PublicJwk } from "../keys/signing.js";
import type { Reader } from "../storage/storage.js";
import { digestOf, statementOf, type Seal, type StoredEvent } from "./audit-chain.js";
import { mergeRanges, readIds, writeIds, type IdRange } from "./id-ranges.js";

/** What can be wrong with an audit log. */
export type AuditFault =
  | "events_changed"
  | "events_missing"
  | "events_unsealed"
  | "log_cut"
  | "seal_changed"
  | "seals_missing"
  | "seal_moved"
  | "key_unknown";

export interface AuditFinding {
  readonly fault: AuditFault;
  /** One sentence that says where, by number of a seal and by ids of events. */
  readonly text: string;
}

/** The newest seal: kept elsewhere, it proves later that nothing before it was cut off. */
export interface AuditHead {
  readonly number: number;
  readonly digest: string;
}

export interface AuditVerdict {
  readonly seals: number;
  /** Events that are as they were when they were sealed. */
  readonly provenEvents: number;
  readonly findings: readonly AuditFinding[];
  /** Ids of events that no seal covers yet, such as `41-43`. Nothing can be said of them. */
  readonly unsealed?: string;
  readonly head?: AuditHead;
}

export interface VerificationOptions {
  /** The audit keys that are believed. */
  readonly keys: readonly PublicJwk[];
  /** A head that was noted before. */
  readonly head?: AuditHead;
  /** The highest id that the database has ever given to an event, where it tells. */
  readonly highestId?: number;
}

const pageSeals = 100;
const pageIds = 10_000;

/** Goes through every seal and every event, and says what is not as it was. */
export async function verifyAudit(db: Reader, options: VerificationOptions): Promise<AuditVerdict> {
  const findings: AuditFinding[] = [];
  const found = (fault: AuditFault, text: string) => findings.push({ fault, text });
  const verifiers = new Map(options.keys.map((jwk) => [thumbprint(jwk), verifier(jwk)]));
  let covered: IdRange[] = [];
  let seals = 0;
  let provenEvents = 0;
  let last: Seal | undefined;

  for await (const seal of allSeals(db)) {
    seals += 1;
    const expected = (last?.number ?? 0) + 1;
    if (seal.number > expected) found("seals_missing", `${counted("Seal", expected, seal.number - 1)} missing.`);
    else if (seal.previous !== (last?.digest ?? "")) {
      found("seal_moved", `Seal ${seal.number} does not follow the one before it: one of them was put there later.`);
    }
    last = seal;
    const ranges = trustedRanges(seal, verifiers, found);
    if (ranges === undefined) continue;
    covered = mergeRanges([...covered, ...ranges]);
    provenEvents += await provenIn(db, seal, ranges, found);
  }

  const end = covered.at(-1)?.last ?? 0;
  for (const { first, last: until } of gapsIn(covered)) {
    const ids = await idsBetween(db, first, until);
    if (ids.length === 0) continue;
    found("events_unsealed", `${named(ids)} not sealed, though later ones are: added, or their seal was taken away.`);
  }
  const unsealed = await idsBetween(db, end + 1, Number.MAX_SAFE_INTEGER);
  const highest = Math.max(end, unsealed.at(-1) ?? 0);
  if (options.highestId !== undefined && options.highestId > highest) {
    found("log_cut", `The end of the log was cut off: ${counted("event", highest + 1, options.highestId)} missing.`);
  }
  if (options.head !== undefined && !(await hasSeal(db, options.head))) {
    found("log_cut", `Seal ${options.head.number} is not the one that was noted: the log was cut, or written anew.`);
  }
  return {
    seals,
    provenEvents,
    findings,
    ...(unsealed.length > 0 && { unsealed: writeIds(unsealed) }),
    ...(last !== undefined && { head: { number: last.number, digest: last.digest } }),
  };
}

type Found = (fault: AuditFault, text: string) => void;

/** The ids that a seal covers, where it is as the audit key has signed it. */
function trustedRanges(
  seal: Seal,
  verifiers: ReadonlyMap<string, ReturnType<typeof verifier>>,
  found: Found,
): IdRange[] | undefined {
  const verify = verifiers.get(seal.kid);
  if (verify === undefined) {
    found("key_unknown", `Seal ${seal.number} is signed by a key that is not the audit key.`);
    return undefined;
  }
  const ranges = readIds(seal.ids);
  if (ranges !== undefined && verify(statementOf(seal), Buffer.from(seal.signature, "base64url"))) return ranges;
  found("seal_changed", `Seal ${seal.number} was changed: its signature is wrong.`);
  return undefined;
}

/** @returns how many events of the seal are as they were */
async function provenIn(db: Reader, seal: Seal, ranges: readonly IdRange[], found: Found): Promise<number> {
  const events: StoredEvent[] = [];
  for (const { first, last } of ranges) {
    const rows = db.selectFrom("audit_events").selectAll().where("id", ">=", first).where("id", "<=", last);
    events.push(...(await rows.orderBy("id").execute()));
  }
  if (events.length < seal.count) {
    const present = new Set(events.map(({ id }) => id));
    const missing = ranges.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at).filter((id) => !present.has(id)),
    );
    found("events_missing", `${named(missing)} missing (seal ${seal.number}).`);
    return 0;
  }
  if (digestOf(seal.previous, events) === seal.digest) return events.length;
  found("events_changed", `Of events ${seal.ids} at least one was changed (seal ${seal.number}).`);
  return 0;
}

async function* allSeals(db: Reader): AsyncGenerator<Seal> {
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const seals = db.selectFrom("audit_seals").selectAll().where("number", ">", after);
    const page = await seals.orderBy("number").limit(pageSeals).execute();
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.number;
  }
}

/** The ids below the highest one that is covered, and not covered. */
function gapsIn(covered: readonly IdRange[]): IdRange[] {
  return covered.map(({ first }, at) => ({
    first: (covered[at - 1]?.last ?? Number.MIN_SAFE_INTEGER) + 1,
    last: first - 1,
  }));
}

async function idsBetween(db: Reader, first: number, last: number): Promise<number[]> {
  const ids: number[] = [];
  for (let from = first; from <= last; from = (ids.at(-1) ?? last) + 1) {
    const rows = db.selectFrom("audit_events").select("id").where("id", ">=", from).where("id", "<=", last);
    const page = await rows.orderBy("id").limit(pageIds).execute();
    if (page.length === 0) break;
    ids.push(...page.map(({ id }) => id));
  }
  return ids;
}

async function hasSeal(db: Reader, { number, digest }: AuditHead): Promise<boolean> {
  const row = await db.selectFrom("audit_seals").select("digest").where("number", "=", number).executeTakeFirst();
  return row?.digest === digest;
}

/** `Event 7 is`, `Events 7-9 are`. */
function named(ids: readonly number[]): string {
  return ids.length === 1 ? `Event ${writeIds(ids)} is` : `Events ${writeIds(ids)} are`;
}

function counted(noun: string, first: number, last: number): string {
  return first === last ? `${noun} ${first} is` : `${noun}s ${first} to ${last} are`;
}
