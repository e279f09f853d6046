import { Secret } from "@cardea/core";
import type { Caller } from "../caller.js";
import type { CallOptions } from "../options.js";
import { tokenResult, type TokenResult } from "../results.js";
import * as contract from "./contract/index.js";
import { ssoClient, type SsoClient } from "./results.js";

export interface NewSsoClient {
  readonly clientId: string;
  /** https, as a browser writes it; compared character by character. */
  readonly redirectUri: string;
  readonly serviceName?: string;
  readonly tags?: readonly string[];
  readonly enabled?: boolean;
}

/** Single sign-on: the services that use it, and their step of it. */
export interface SsoCalls {
  /** From server to server: the token of whoever signed in. The client does not hold it. @throws MciasAuthError */
  exchangeSsoCode(
    code: string | Secret,
    client: { readonly clientId: string; readonly redirectUri: string },
    options?: CallOptions,
  ): Promise<TokenResult>;
  /** Needs `admin`. */
  listSsoClients(options?: CallOptions): Promise<SsoClient[]>;
  /** Needs `admin`. @throws MciasConflictError where the id is taken */
  createSsoClient(client: NewSsoClient, options?: CallOptions): Promise<SsoClient>;
  /** Needs `admin`. What is not given stays. */
  updateSsoClient(
    clientId: string,
    change: Partial<Omit<NewSsoClient, "clientId">>,
    options?: CallOptions,
  ): Promise<SsoClient>;
  /** Needs `admin`. */
  deleteSsoClient(clientId: string, options?: CallOptions): Promise<void>;
}

export function ssoCalls(caller: Caller): SsoCalls {
  return {
    async exchangeSsoCode(code, { clientId, redirectUri }, { signal } = {}) {
      const secret = Secret.of(code);
      const json = { code: secret.expose(), client_id: clientId, redirect_uri: redirectUri };
      return tokenResult(await caller.plainly(contract.exchangeSsoCode, { json }, { signal, secrets: [secret] }));
    },
    async listSsoClients({ signal } = {}) {
      return (await caller.holding(contract.listSsoClients, {}, { signal })).map(ssoClient);
    },
    async createSsoClient({ clientId, redirectUri, ...more }, { signal } = {}) {
      const json = { client_id: clientId, redirect_uri: redirectUri, ...wireContent(more) };
      return ssoClient(await caller.holding(contract.createSsoClient, { json }, { signal }));
    },
    async updateSsoClient(clientId, { redirectUri, ...more }, { signal } = {}) {
      const json = { ...(redirectUri !== undefined && { redirect_uri: redirectUri }), ...wireContent(more) };
      const input = { path: { client_id: clientId }, json };
      return ssoClient(await caller.holding(contract.updateSsoClient, input, { signal }));
    },
    async deleteSsoClient(clientId, { signal } = {}) {
      await caller.holding(contract.deleteSsoClient, { path: { client_id: clientId } }, { signal });
    },
  };
}

function wireContent({ serviceName, tags, enabled }: Pick<NewSsoClient, "serviceName" | "tags" | "enabled">) {
  return {
    ...(serviceName !== undefined && { service_name: serviceName }),
    ...(tags !== undefined && { tags: [...tags] }),
    ...(enabled !== undefined && { enabled }),
  };
}
