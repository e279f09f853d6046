import { json, wire, type InputOf, type OutputOf } from "@cardea/core";
import * as v from "valibot";
import { filled, time, uuid } from "../../forms.js";
import { count, nullableUuid } from "./forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

const AuditEvent = /* @__PURE__ */ v.object({
  id: v.number(),
  event_type: filled,
  event_time: time,
  /** Empty where the deed came over no network. */
  ip_address: v.string(),
  actor_id: nullableUuid,
  target_id: nullableUuid,
});

/** The newest first. `total` counts all that the filter lets through. Without a limit: 50. */
export const listAuditEvents = /* @__PURE__ */ op("GET /v1/audit", {
  caller: "administrator",
  query: v.object({
    limit: v.exactOptional(count(1, 1000)),
    offset: v.exactOptional(count(0, 999_999_999)),
    event_type: v.exactOptional(filled),
    actor_id: v.exactOptional(uuid),
  }),
  reply: json(v.object({ events: v.array(AuditEvent), total: v.number() })),
});

/** An event as the wire writes it. */
export type WireAuditEvent = OutputOf<typeof listAuditEvents>["events"][number];
export type WireAuditQuery = InputOf<typeof listAuditEvents>["query"];
