import { Secret } from "@cardea/core";
import type { Caller } from "../caller.js";
import type { CallOptions } from "../options.js";
import * as contract from "./contract/index.js";
import type { TotpEnrolment } from "./results.js";

/** Roles one by one, passwords, second factors and tags. */
export interface AccountCalls {
  /** Needs `admin`. No error where the account has the role already. */
  grantRole(accountId: string, role: string, options?: CallOptions): Promise<void>;
  /** Needs `admin`. @throws MciasConflictError where it is the last administrator */
  revokeRole(accountId: string, role: string, options?: CallOptions): Promise<void>;
  /** Needs a token. Every other token of the account dies. @throws MciasAuthError where the present password is wrong */
  changePassword(current: string | Secret, next: string | Secret, options?: CallOptions): Promise<void>;
  /** Needs `admin`. For humans; every token of the account dies. */
  resetPassword(accountId: string, next: string | Secret, options?: CallOptions): Promise<void>;
  /** Needs a token. Logins ask for a code only after `confirmTotp`. @throws MciasConflictError where one is enrolled */
  enrollTotp(password: string | Secret, options?: CallOptions): Promise<TotpEnrolment>;
  /** Needs a token. @throws MciasConflictError where no secret waits @throws MciasAuthError for a wrong code */
  confirmTotp(code: string | Secret, options?: CallOptions): Promise<void>;
  /** Needs `admin`. */
  removeTotp(accountId: string, options?: CallOptions): Promise<void>;
  /** Needs `admin`. Ascending. */
  getTags(accountId: string, options?: CallOptions): Promise<string[]>;
  /** Needs `admin`. Replaces the whole set at once. */
  setTags(accountId: string, tags: readonly string[], options?: CallOptions): Promise<void>;
}

export function accountCalls(caller: Caller): AccountCalls {
  return {
    async grantRole(id, role, { signal } = {}) {
      await caller.holding(contract.grantRole, { path: { id }, json: { role } }, { signal });
    },
    async revokeRole(id, role, { signal } = {}) {
      await caller.holding(contract.revokeRole, { path: { id, role } }, { signal });
    },
    async changePassword(current, next, { signal } = {}) {
      const secrets = [Secret.of(current), Secret.of(next)] as const;
      const json = { current_password: secrets[0].expose(), new_password: secrets[1].expose() };
      await caller.holding(contract.changePassword, { json }, { signal, secrets });
    },
    async resetPassword(id, next, { signal } = {}) {
      const secret = Secret.of(next);
      const input = { path: { id }, json: { new_password: secret.expose() } };
      await caller.holding(contract.resetPassword, input, { signal, secrets: [secret] });
    },
    async enrollTotp(password, { signal } = {}) {
      const secret = Secret.of(password);
      const input = { json: { password: secret.expose() } };
      const reply = await caller.holding(contract.enrollTotp, input, { signal, secrets: [secret] });
      return { secret: reply.secret, otpauthUri: reply.otpauth_uri };
    },
    async confirmTotp(code, { signal } = {}) {
      const secret = Secret.of(code);
      const input = { json: { code: secret.expose() } };
      await caller.holding(contract.confirmTotp, input, { signal, secrets: [secret] });
    },
    async removeTotp(accountId, { signal } = {}) {
      await caller.holding(contract.removeTotp, { json: { account_id: accountId } }, { signal });
    },
    async getTags(id, { signal } = {}) {
      return (await caller.holding(contract.getTags, { path: { id } }, { signal })).tags;
    },
    async setTags(id, tags, { signal } = {}) {
      await caller.holding(contract.setTags, { path: { id }, json: { tags: [...tags] } }, { signal });
    },
  };
}
