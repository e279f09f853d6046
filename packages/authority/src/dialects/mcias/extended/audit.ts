import type * as contract from "@cardea/mcias/contract/extended";
import { findEvents } from "../../../identity/audit-log.js";
import { findBySubject } from "../../../identity/accounts.js";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { timestamp } from "../tokens.js";

type Audit = Pick<Handlers<typeof contract, Callers>, "listAuditEvents">;

const usualPage = 50;

/** Section 8: the audit log of the whole house, whichever wire a deed came by. */
export function auditHandlers({ storage }: McIas): Audit {
  return {
    listAuditEvents: {
      rate: "none",
      audit: [],
      handler: async ({ query }) => {
        const { limit, offset, event_type, actor_id } = query;
        const actor =
          actor_id === undefined ? undefined : await findBySubject(storage.read, "mcias", actor_id.toLowerCase());
        if (actor_id !== undefined && actor === undefined) return { events: [], total: 0 };
        const { events, total } = await findEvents(storage.read, "mcias", {
          limit: limit === undefined ? usualPage : Number(limit),
          offset: offset === undefined ? 0 : Number(offset),
          ...(event_type !== undefined && { type: event_type }),
          ...(actor !== undefined && { actor: actor.id }),
        });
        return {
          events: events.map((event) => ({
            id: event.id,
            event_type: event.type,
            event_time: timestamp(event.at),
            ip_address: event.address ?? "",
            actor_id: event.actor ?? null,
            target_id: event.target ?? null,
          })),
          total,
        };
      },
    },
  };
}
