import { empty, json, wire } from "@cardea/core";
import * as v from "valibot";
import { newPassword, role } from "../../forms.js";
import { mciasExtended } from "./wire.js";
import { tagSet } from "./forms.js";

const op = /* @__PURE__ */ wire(mciasExtended);

/** One role more. No error where the account has it already. */
export const grantRole = /* @__PURE__ */ op("POST /v1/accounts/{id}/roles", {
  caller: "administrator",
  json: v.object({ role }),
  reply: empty(),
  fails: ["not_found", "unknown_role"],
});

/** One role less. No error where the account does not have it. */
export const revokeRole = /* @__PURE__ */ op("DELETE /v1/accounts/{id}/roles/{role}", {
  caller: "administrator",
  reply: empty(),
  fails: ["not_found", "last_administrator"],
});

/** A new password for somebody who lost theirs. Revokes every token of the account. */
export const resetPassword = /* @__PURE__ */ op("PUT /v1/accounts/{id}/password", {
  caller: "administrator",
  json: v.object({ new_password: newPassword }),
  reply: empty(),
  fails: ["not_found", "not_a_human_account", "busy"],
});

/** Ascending by code point. */
export const getTags = /* @__PURE__ */ op("GET /v1/accounts/{id}/tags", {
  caller: "administrator",
  reply: json(v.object({ tags: v.array(v.string()) })),
  fails: ["not_found"],
});

/** Replaces the whole set at once. */
export const setTags = /* @__PURE__ */ op("PUT /v1/accounts/{id}/tags", {
  caller: "administrator",
  json: v.object({ tags: tagSet }),
  reply: empty(),
  fails: ["not_found"],
});
