import type * as contract from "@cardea/mcias/contract/extended";
import type { WireSsoClient } from "@cardea/mcias/contract/extended";
import { findById } from "../../../identity/accounts.js";
import { rolesOf } from "../../../identity/roles.js";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { issuerOf } from "../issuer.js";
import { timestamp } from "../tokens.js";
import {
  addSsoClient,
  changeSsoClient,
  findRedirectTarget,
  findSsoClient,
  listSsoClients,
  removeSsoClient,
  type SsoClient,
} from "./sso-clients.js";
import { consumeSsoCode } from "./sso-codes.js";

type Sso = Pick<
  Handlers<typeof contract, Callers>,
  "exchangeSsoCode" | "listSsoClients" | "createSsoClient" | "updateSsoClient" | "deleteSsoClient"
>;

/** Section 8: the clients of single sign-on, and their step of it. */
export function ssoHandlers({ storage, clock, tokens }: McIas): Sso {
  return {
    exchangeSsoCode: {
      rate: "sso",
      audit: ["token_issued"],
      handler: async ({ json }, { origin, request, refuse }) => {
        const { code, client_id: clientId, redirect_uri: redirectUri } = json;
        const issued = await storage.unit(async (tx) => {
          const now = clock.now();
          const accountId = await consumeSsoCode(tx, now, { code, clientId, redirectUri });
          if (accountId === undefined) return undefined;
          // Asked again: client and account may have changed since the page.
          const client = await findRedirectTarget(tx, clientId, redirectUri);
          const account = await findById(tx, "mcias", accountId);
          if (client === undefined || account?.status !== "active") return undefined;
          const holder = { ...account, accountId, roles: await rolesOf(tx, accountId) };
          return tokens.issue(tx, origin, now, holder, issuerOf(request));
        });
        return issued ?? refuse("invalid_code");
      },
    },

    listSsoClients: {
      rate: "none",
      audit: [],
      handler: async () => (await listSsoClients(storage.read)).map(wireClient),
    },

    createSsoClient: {
      rate: "none",
      audit: ["sso_client_created"],
      handler: async ({ json }, { origin, refuse }) => {
        const content = {
          redirectUri: json.redirect_uri,
          serviceName: json.service_name ?? "",
          tags: json.tags ?? [],
          enabled: json.enabled ?? true,
        };
        const added = await storage.unit((tx) => addSsoClient(tx, origin, clock.now(), json.client_id, content));
        return added === "exists" ? refuse("client_exists") : wireClient(added);
      },
    },

    updateSsoClient: {
      rate: "none",
      audit: ["sso_client_updated"],
      handler: async ({ path, json }, { origin, refuse }) => {
        const changed = await storage.unit(async (tx) => {
          const client = await findSsoClient(tx, path.client_id);
          if (client === undefined || Object.keys(json).length === 0) return client;
          return changeSsoClient(tx, origin, clock.now(), client, {
            redirectUri: json.redirect_uri ?? client.redirectUri,
            serviceName: json.service_name ?? client.serviceName,
            tags: json.tags ?? client.tags,
            enabled: json.enabled ?? client.enabled,
          });
        });
        return wireClient(changed ?? refuse("not_found"));
      },
    },

    deleteSsoClient: {
      rate: "none",
      audit: ["sso_client_deleted"],
      handler: async ({ path }, { origin, refuse }) => {
        const removed = await storage.unit((tx) => removeSsoClient(tx, origin, clock.now(), path.client_id));
        if (!removed) refuse("not_found");
      },
    },
  };
}

function wireClient(client: SsoClient): WireSsoClient {
  return {
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    service_name: client.serviceName,
    tags: [...client.tags],
    enabled: client.enabled,
    created_at: timestamp(client.createdAt),
    updated_at: timestamp(client.updatedAt),
  };
}
