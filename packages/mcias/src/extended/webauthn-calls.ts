import { Secret, type InputOf } from "@cardea/core";
import type { Caller } from "../caller.js";
import type { CallOptions } from "../options.js";
import type { TokenResult } from "../results.js";
import * as contract from "./contract/index.js";
import { webauthnCredential, type WebauthnCredential } from "./results.js";

/** What a browser's `credential.toJSON()` gives after a registration. */
export type RegistrationResponse = InputOf<typeof contract.finishWebauthnRegistration>["json"]["credential"];
/** What a browser's `credential.toJSON()` gives after a login. */
export type LoginResponse = InputOf<typeof contract.finishWebauthnLogin>["json"]["credential"];

/** Authenticators. Options and answers are in the JSON forms of WebAuthn, as a browser takes and gives them. */
export interface WebauthnCalls {
  /** Needs a token, and the caller's password again. The answer is due within 120 seconds. */
  beginWebauthnRegistration(password: string | Secret, options?: CallOptions): Promise<contract.WireCreationOptions>;
  /** Needs a token. @throws MciasInputError where the answer is not accepted */
  finishWebauthnRegistration(
    credential: RegistrationResponse,
    more?: CallOptions & { readonly name?: string },
  ): Promise<WebauthnCredential>;
  /** Without a password, or with one and in the place of a code. */
  beginWebauthnLogin(
    who?: { readonly username: string; readonly password: string | Secret },
    options?: CallOptions,
  ): Promise<contract.WireRequestOptions>;
  /** The client holds the token from then on. @throws MciasForbiddenError where a policy denies the login */
  finishWebauthnLogin(
    credential: LoginResponse,
    more?: CallOptions & { readonly serviceName?: string; readonly tags?: readonly string[] },
  ): Promise<TokenResult>;
  /** Needs `admin`, or the token of the account itself. */
  listWebauthnCredentials(accountId: string, options?: CallOptions): Promise<WebauthnCredential[]>;
  /** Needs `admin`, or the token of the account itself. */
  deleteWebauthnCredential(accountId: string, credentialId: string, options?: CallOptions): Promise<void>;
}

export function webauthnCalls(caller: Caller): WebauthnCalls {
  return {
    async beginWebauthnRegistration(password, { signal } = {}) {
      const secret = Secret.of(password);
      const input = { json: { password: secret.expose() } };
      const exchange = { signal, secrets: [secret] };
      return (await caller.holding(contract.beginWebauthnRegistration, input, exchange)).public_key;
    },
    async finishWebauthnRegistration(credential, { signal, name } = {}) {
      const json = { credential, ...(name !== undefined && { name }) };
      return webauthnCredential(await caller.holding(contract.finishWebauthnRegistration, { json }, { signal }));
    },
    async beginWebauthnLogin(who, { signal } = {}) {
      const secrets = who === undefined ? [] : [Secret.of(who.password)];
      const json = who === undefined ? {} : { username: who.username, password: Secret.of(who.password).expose() };
      return (await caller.plainly(contract.beginWebauthnLogin, { json }, { signal, secrets })).public_key;
    },
    async finishWebauthnLogin(credential, { signal, serviceName = "", tags = [] } = {}) {
      const json = {
        credential,
        ...(serviceName !== "" && { service_name: serviceName }),
        ...(tags.length > 0 && { tags: [...tags] }),
      };
      return caller.signingIn(contract.finishWebauthnLogin, { json }, { signal });
    },
    async listWebauthnCredentials(id, { signal } = {}) {
      const { credentials } = await caller.holding(contract.listWebauthnCredentials, { path: { id } }, { signal });
      return credentials.map(webauthnCredential);
    },
    async deleteWebauthnCredential(id, credentialId, { signal } = {}) {
      const path = { id, credential_id: credentialId };
      await caller.holding(contract.deleteWebauthnCredential, { path }, { signal });
    },
  };
}
