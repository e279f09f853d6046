import { json, wire, type OutputOf } from "@cardea/core";
import * as v from "valibot";
import { filled, uuid } from "../../forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

/** Those that the caller may use, without their passwords: an administrator all, a system account its own. */
export const listPgCreds = /* @__PURE__ */ op("GET /v1/pgcreds", {
  caller: "bearer",
  reply: json(
    v.array(v.object({ service_account_id: uuid, username: filled, host: filled, port: v.number(), database: filled })),
  ),
});

/** How a database is reached, without the password, as the wire writes it. */
export type WirePgCredsEntry = OutputOf<typeof listPgCreds>[number];
