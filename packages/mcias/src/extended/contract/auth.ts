import { empty, json, wire } from "@cardea/core";
import * as v from "valibot";
import { filled, newPassword, uuid } from "../../forms.js";
import { sixDigits } from "./forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

/** One's own password. A wrong present one counts as a failed login. Revokes every other token of the caller. */
export const changePassword = /* @__PURE__ */ op("PUT /v1/auth/password", {
  caller: "bearer",
  json: v.object({ current_password: filled, new_password: newPassword }),
  reply: empty(),
  fails: ["invalid_credentials", "too_many_failures", "busy"],
});

/** A new TOTP secret for the caller. It is pending: nothing asks for a code until it was confirmed. */
export const enrollTotp = /* @__PURE__ */ op("POST /v1/auth/totp/enroll", {
  caller: "bearer",
  json: v.object({ password: filled }),
  reply: json(v.object({ secret: filled, otpauth_uri: filled })),
  fails: ["invalid_credentials", "totp_enrolled", "too_many_failures", "busy"],
});

/** With the first code the secret is enrolled, and every login asks for one. */
export const confirmTotp = /* @__PURE__ */ op("POST /v1/auth/totp/confirm", {
  caller: "bearer",
  json: v.object({ code: sixDigits }),
  reply: empty(),
  fails: ["invalid_credentials", "nothing_pending"],
});

/** For somebody who lost theirs: nobody removes their own. No error where none is enrolled. */
export const removeTotp = /* @__PURE__ */ op("DELETE /v1/auth/totp", {
  caller: "administrator",
  json: v.object({ account_id: uuid }),
  reply: empty(),
  fails: ["not_found"],
});
