import { empty, json, wire, type InputOf, type OutputOf } from "@cardea/core";
import * as v from "valibot";
import { filled, time, TokenResponse } from "../../forms.js";
import { label, names } from "./forms.js";
import { mciasExtended } from "./wire.js";

const op = /* @__PURE__ */ wire(mciasExtended);

const clientId = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check(
    (text) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text),
    "1 to 63 characters of A-Z a-z 0-9 . _ -, the first a letter or digit",
  ),
);

/** Compared whole, character by character. */
const redirectUri = /* @__PURE__ */ v.pipe(
  v.string(),
  v.check(isRedirectUri, "an https URL as a browser writes it, without user name or fragment"),
);

function isRedirectUri(text: string): boolean {
  if (text.length > 2000 || !URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === "https:" &&
    url.username === "" &&
    url.password === "" &&
    url.href === text &&
    url.hash === "" &&
    !text.endsWith("#")
  );
}

const SsoClient = /* @__PURE__ */ v.object({
  client_id: filled,
  redirect_uri: filled,
  /** The policy context of every login through this client. */
  service_name: v.string(),
  tags: v.array(v.string()),
  enabled: v.boolean(),
  created_at: time,
  updated_at: time,
});

/** From server to server: the code that a browser brought back becomes a token, once, within 60 seconds. */
export const exchangeSsoCode = /* @__PURE__ */ op("POST /v1/sso/token", {
  caller: "anyone",
  json: v.object({ code: filled, client_id: filled, redirect_uri: filled }),
  reply: json(TokenResponse),
  fails: ["invalid_code"],
});

export const listSsoClients = /* @__PURE__ */ op("GET /v1/sso/clients", {
  caller: "administrator",
  reply: json(v.array(SsoClient)),
});

export const createSsoClient = /* @__PURE__ */ op("POST /v1/sso/clients", {
  caller: "administrator",
  json: v.object({
    client_id: clientId,
    redirect_uri: redirectUri,
    service_name: v.exactOptional(label),
    tags: v.exactOptional(names),
    enabled: v.exactOptional(v.boolean()),
  }),
  reply: json(SsoClient, { status: 201, tolerates: [200] }),
  fails: ["client_exists"],
});

/** Changes what is given and leaves the rest. A disabled client is refused at both steps of a login. */
export const updateSsoClient = /* @__PURE__ */ op("PATCH /v1/sso/clients/{client_id}", {
  caller: "administrator",
  json: v.object({
    redirect_uri: v.exactOptional(redirectUri),
    service_name: v.exactOptional(v.string()),
    tags: v.exactOptional(names),
    enabled: v.exactOptional(v.boolean()),
  }),
  reply: json(SsoClient),
  fails: ["not_found"],
});

export const deleteSsoClient = /* @__PURE__ */ op("DELETE /v1/sso/clients/{client_id}", {
  caller: "administrator",
  reply: empty(),
  fails: ["not_found"],
});

/** A client as the wire writes it. */
export type WireSsoClient = OutputOf<typeof updateSsoClient>;
export type WireNewSsoClient = InputOf<typeof createSsoClient>["json"];
export type WireSsoClientChange = InputOf<typeof updateSsoClient>["json"];
