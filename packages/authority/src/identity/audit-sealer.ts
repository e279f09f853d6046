import type { Clock } from "@cardea/core";
import type { Storage } from "../storage/storage.js";
import { digestOf, statementOf, type Seal, type StoredEvent } from "./audit-chain.js";
import { isWithin, mergeRanges, readIds, writeIds, type IdRange } from "./id-ranges.js";
import type { SigningKeys } from "./signing-keys.js";

/**
 * When an event may be sealed. The embedded database gives ids in the order of commits. PostgreSQL gives an id when an
 * event is written and shows it when its unit commits, so that a lower id can appear after a higher one: an id is left
 * alone until it was seen for a while, and what comes later still is looked for among the ids that were passed over.
 */
const orders = {
  sqlite: { settleMs: 0, mayComeLate: false },
  postgres: { settleMs: 60_000, mayComeLate: true },
} as const satisfies Record<Storage["kind"], { readonly settleMs: number; readonly mayComeLate: boolean }>;

/** Events in one seal. More would keep the event loop from everybody else for longer. */
const batchEvents = 250;

/** How many seals back an event that came late is looked for. */
const lateSeals = 64;

export interface SealerDeps {
  readonly storage: Storage;
  readonly keys: Pick<SigningKeys, "kid" | "sign">;
  readonly clock: Pick<Clock, "now" | "elapsed">;
}

/** Seals what was committed, in batches. Writers never wait for it: it reads beside them and writes one row a batch. */
export interface AuditSealer {
  /** Seals all that may be sealed by now. @returns how many events */
  seal(): Promise<number>;
}

export function createAuditSealer({ storage, keys, clock }: SealerDeps): AuditSealer {
  const { settleMs, mayComeLate } = orders[storage.kind];
  /** The highest id that was there at some moment, and that moment: newest last. */
  let seen: { readonly id: number; readonly at: number }[] = [];

  /** The highest id that has been there for long enough. */
  async function horizon(): Promise<number> {
    const now = clock.elapsed();
    const newest = await storage.read.selectFrom("audit_events").select("id").orderBy("id", "desc").limit(1).execute();
    seen.push({ id: newest[0]?.id ?? 0, at: now });
    const settled = seen.filter(({ at }) => at <= now - settleMs).at(-1);
    seen = seen.filter(({ at }) => at >= (settled?.at ?? 0));
    return settled?.id ?? 0;
  }

  async function sealNext(upTo: number): Promise<number | undefined> {
    const recent = await recentSeals(storage, mayComeLate ? lateSeals : 1);
    const last = recent.reduce((highest, { last_id }) => Math.max(highest, last_id), 0);
    const late = mayComeLate ? await lateEvents(storage, recent) : [];
    const events = [...late, ...(await eventsBetween(storage, last, upTo, batchEvents - late.length))];
    const [first] = events;
    if (first === undefined) return undefined;

    const previous = recent[0];
    const draft = {
      number: (previous?.number ?? 0) + 1,
      first_id: first.id,
      last_id: events.at(-1)?.id ?? first.id,
      count: events.length,
      ids: writeIds(events.map(({ id }) => id)),
      sealed_at: clock.now(),
      previous: previous?.digest ?? "",
      digest: digestOf(previous?.digest ?? "", events),
      kid: keys.kid,
    };
    const seal: Seal = { ...draft, signature: Buffer.from(keys.sign(statementOf(draft))).toString("base64url") };
    const won = await storage.unit((tx) =>
      tx
        .insertInto("audit_seals")
        .values(seal)
        .onConflict((conflict) => conflict.doNothing())
        .returning("number")
        .executeTakeFirst(),
    );
    // Another process has sealed at the same time: what it left is for the next round.
    return won === undefined ? undefined : events.length;
  }

  return {
    async seal() {
      const upTo = await horizon();
      let total = 0;
      for (let count = await sealNext(upTo); count !== undefined; count = await sealNext(upTo)) total += count;
      return total;
    },
  };
}

/** Newest first. */
function recentSeals({ read }: Storage, limit: number): Promise<Seal[]> {
  return read.selectFrom("audit_seals").selectAll().orderBy("number", "desc").limit(limit).execute();
}

function eventsBetween({ read }: Storage, after: number, upTo: number, limit: number): Promise<StoredEvent[]> {
  if (limit <= 0) return Promise.resolve([]);
  return read
    .selectFrom("audit_events")
    .selectAll()
    .where("id", ">", after)
    .where("id", "<=", upTo)
    .orderBy("id")
    .limit(limit)
    .execute();
}

/** Events that were not there when ids around theirs were sealed. There is hardly ever one, so they are counted first. */
async function lateEvents({ read }: Storage, recent: readonly Seal[]): Promise<StoredEvent[]> {
  const sealed = mergeRanges(recent.flatMap(({ ids }) => readIds(ids) ?? []));
  const [lowest, highest] = [sealed[0], sealed.at(-1)];
  if (lowest === undefined || highest === undefined) return [];
  // Where the first seals are among them, so is what came before these.
  const from = recent.length < lateSeals ? 0 : lowest.first;
  const between = read.selectFrom("audit_events").where("id", ">=", from).where("id", "<=", highest.last);
  const present = await between.select(({ fn }) => fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
  if (Number(present.count) <= sizeOf(sealed)) return [];
  const ids = (await between.select("id").orderBy("id").execute()).map(({ id }) => id);
  const late = ids.filter((id) => !isWithin(sealed, id)).slice(0, batchEvents);
  return read.selectFrom("audit_events").selectAll().where("id", "in", late).orderBy("id").execute();
}

function sizeOf(ranges: readonly IdRange[]): number {
  return ranges.reduce((size, { first, last }) => size + last - first + 1, 0);
}
