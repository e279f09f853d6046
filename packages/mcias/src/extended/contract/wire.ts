import { mcias } from "../../contract.js";

/** What the operations beyond the seed share (wire document, 8): the seed's refusals and callers, and more of the former. */
export const mciasExtended = {
  ...mcias,
  cases: {
    ...mcias.cases,
    not_a_human_account: { status: 400, code: "bad_request", text: "expected a human account" },
    times_out_of_order: { status: 400, code: "bad_request", text: "expires_at: expected a time after not_before" },
    registration_refused: { status: 400, code: "bad_request", text: "credential: this registration is not accepted" },
    invalid_code: { status: 401, code: "unauthorized", text: "invalid or expired code" },
    totp_enrolled: { status: 409, code: "conflict", text: "TOTP is enrolled already" },
    nothing_pending: { status: 409, code: "conflict", text: "no enrolment is under way" },
    credential_known: { status: 409, code: "conflict", text: "this credential is registered already" },
    no_vault_passphrase: { status: 409, code: "conflict", text: "the vault has no passphrase" },
    client_exists: { status: 409, code: "conflict", text: "client_id already exists" },
  },
} as const;
