import { empty, json, wire } from "@cardea/core";
import * as v from "valibot";
import { filled, nothing } from "../../forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

/** Answered sealed or not, as are health and unsealing. */
export const vaultStatus = /* @__PURE__ */ op("GET /v1/vault/status", {
  caller: "anyone",
  reply: json(v.object({ sealed: v.boolean() })),
});

/** Opens what was sealed. With the right passphrase no error where it is open already. */
export const unsealVault = /* @__PURE__ */ op("POST /v1/vault/unseal", {
  caller: "anyone",
  json: v.object({ passphrase: filled }),
  reply: empty(),
  fails: ["invalid_credentials", "no_vault_passphrase", "busy"],
});

/** From now on everything else is answered with 503 `vault_sealed`. */
export const sealVault = /* @__PURE__ */ op("POST /v1/vault/seal", {
  caller: "administrator",
  json: nothing,
  reply: empty(),
  fails: ["no_vault_passphrase"],
});
