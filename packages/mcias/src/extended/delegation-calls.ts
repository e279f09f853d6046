import type { Caller } from "../caller.js";
import type { CallOptions } from "../options.js";
import * as contract from "./contract/index.js";

/** What may be delegated: issuing the account's token, reading its database credentials. */
export type Permission = contract.WireDelegate["permissions"][number];

/** Who may do something for a system account. */
export interface Delegate {
  readonly accountId: string;
  readonly permissions: readonly Permission[];
}

/** Delegation: what others than administrators may do for one system account. */
export interface DelegationCalls {
  /** Needs `admin`. */
  listDelegates(accountId: string, options?: CallOptions): Promise<Delegate[]>;
  /** Needs `admin`. Replaces what the delegate may do. @throws MciasInputError for an account that is no system account */
  setDelegate(
    accountId: string,
    delegateId: string,
    permissions: readonly Permission[],
    options?: CallOptions,
  ): Promise<void>;
  /** Needs `admin`. No error where there is nothing to take away. */
  removeDelegate(accountId: string, delegateId: string, options?: CallOptions): Promise<void>;
}

export function delegationCalls(caller: Caller): DelegationCalls {
  return {
    async listDelegates(id, { signal } = {}) {
      const { delegates } = await caller.holding(contract.listDelegates, { path: { id } }, { signal });
      return delegates.map(({ account_id: accountId, permissions }) => ({ accountId, permissions }));
    },
    async setDelegate(id, delegateId, permissions, { signal } = {}) {
      const input = { path: { id, delegate_id: delegateId }, json: { permissions: [...permissions] } };
      await caller.holding(contract.setDelegate, input, { signal });
    },
    async removeDelegate(id, delegateId, { signal } = {}) {
      await caller.holding(contract.removeDelegate, { path: { id, delegate_id: delegateId } }, { signal });
    },
  };
}
