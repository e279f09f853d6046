import { empty, json, wire, type OutputOf } from "@cardea/core";
import * as v from "valibot";
import { getPgCreds, issueServiceToken } from "../../contract.js";
import { uuid } from "../../forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

/** What may be delegated: issuing the account's token, reading its database credentials. */
const permission = /* @__PURE__ */ v.picklist(["token_issue", "pgcreds_read"]);

/** Who may do what for a system account besides administrators; by the delegates' names. */
export const listDelegates = /* @__PURE__ */ op("GET /v1/accounts/{id}/delegates", {
  caller: "administrator",
  reply: json(v.object({ delegates: v.array(v.object({ account_id: uuid, permissions: v.array(permission) })) })),
  fails: ["not_found"],
});

/** Replaces what one delegate may do. An empty list takes everything away. */
export const setDelegate = /* @__PURE__ */ op("PUT /v1/accounts/{id}/delegates/{delegate_id}", {
  caller: "administrator",
  json: v.object({ permissions: v.array(permission) }),
  reply: empty(),
  fails: ["not_found", "not_a_system_account"],
});

/** The same as an empty list. */
export const removeDelegate = /* @__PURE__ */ op("DELETE /v1/accounts/{id}/delegates/{delegate_id}", {
  caller: "administrator",
  reply: empty(),
  fails: ["not_found"],
});

/** Two rows of the seed that, beyond it, delegates may call as well. */
export const delegable = {
  issueServiceToken: {
    ...issueServiceToken,
    caller: "administrator_or_delegate",
    fails: ["not_found", "not_a_system_account", "account_inactive", "insufficient_role"],
  },
  getPgCreds: { ...getPgCreds, caller: "administrator_self_or_delegate" },
} as const;

/** A delegate as the wire writes it. */
export type WireDelegate = OutputOf<typeof listDelegates>["delegates"][number];
