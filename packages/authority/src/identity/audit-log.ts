import type { Reader } from "../storage/storage.js";

/** An event as somebody on a wire reads it. */
export interface LoggedEvent {
  readonly id: number;
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly address: string | undefined;
  /** What the wire calls who did it, where it knows them. */
  readonly actor: string | undefined;
  /** What the wire calls whom it was done to. */
  readonly target: string | undefined;
}

export interface EventFilter {
  readonly type?: string;
  /** Account id. */
  readonly actor?: string;
  readonly limit: number;
  readonly offset: number;
}

/** One page of the log, the newest first, and how many events there are for the filter. */
export async function findEvents(
  db: Reader,
  wire: string,
  filter: EventFilter,
): Promise<{ readonly events: LoggedEvent[]; readonly total: number }> {
  let matching = db.selectFrom("audit_events");
  if (filter.type !== undefined) matching = matching.where("audit_events.type", "=", filter.type);
  if (filter.actor !== undefined) matching = matching.where("audit_events.actor_id", "=", filter.actor);
  const counted = await matching.select((all) => all.fn.countAll().as("total")).executeTakeFirst();
  const rows = await matching
    .leftJoin("subjects as actors", (join) =>
      join
        .onRef("actors.account_id", "=", "audit_events.actor_id")
        .on("actors.wire", "=", wire)
        .on("actors.scope", "=", ""),
    )
    .leftJoin("subjects as targets", (join) =>
      join
        .onRef("targets.account_id", "=", "audit_events.target_id")
        .on("targets.wire", "=", wire)
        .on("targets.scope", "=", ""),
    )
    .select([
      "audit_events.id",
      "audit_events.type",
      "audit_events.at",
      "audit_events.address",
      "actors.subject as actor",
      "targets.subject as target",
    ])
    .orderBy("audit_events.id", "desc")
    .limit(filter.limit)
    .offset(filter.offset)
    .execute();
  const events = rows.map((row) => ({
    ...row,
    address: row.address ?? undefined,
    actor: row.actor ?? undefined,
    target: row.target ?? undefined,
  }));
  // PostgreSQL counts in 64 bits, which come as text.
  return { events, total: Number(counted?.total ?? 0) };
}
