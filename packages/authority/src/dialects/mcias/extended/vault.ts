import type * as seed from "@cardea/mcias/contract";
import type * as contract from "@cardea/mcias/contract/extended";
import { record } from "../../../identity/audit.js";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";

type Vault = Pick<Handlers<typeof contract, Callers>, "vaultStatus" | "unsealVault" | "sealVault"> &
  Pick<Handlers<typeof seed, Callers>, "health">;

/** Whether this process answers. A state of its memory: an authority starts unsealed. */
export interface VaultState {
  sealed: boolean;
}

/** What is answered while the vault is sealed (section 8). */
const exempt: ReadonlySet<string> = new Set(["health", "vaultStatus", "unsealVault"]);

/** Everything else is refused before anybody is asked who they are. */
export function refusedWhileSealed(vault: VaultState, operation: string): "sealed" | undefined {
  return vault.sealed && !exempt.has(operation) ? "sealed" : undefined;
}

/** Section 8: the vault. */
export function vaultHandlers({ storage, clock, hashes, settings: { vaultHash } }: McIas, vault: VaultState): Vault {
  return {
    vaultStatus: { rate: "none", audit: [], handler: () => Promise.resolve({ sealed: vault.sealed }) },

    health: {
      rate: "none",
      audit: [],
      handler: () => Promise.resolve({ status: vault.sealed ? "sealed" : "ok" }),
    },

    unsealVault: {
      rate: "unseal",
      audit: ["vault_unsealed"],
      handler: async ({ json }, { origin, request, refuse }) => {
        if (vaultHash === undefined) return refuse("no_vault_passphrase");
        if (!(await hashes.verify(vaultHash, json.passphrase, request.network))) return refuse("invalid_credentials");
        if (!vault.sealed) return;
        await storage.unit((tx) => record(tx, origin, clock.now(), { type: "vault_unsealed" }));
        vault.sealed = false;
      },
    },

    sealVault: {
      rate: "none",
      audit: ["vault_sealed"],
      handler: async (_, { origin, refuse }) => {
        // What nobody can unseal is not sealed.
        if (vaultHash === undefined) return refuse("no_vault_passphrase");
        await storage.unit((tx) => record(tx, origin, clock.now(), { type: "vault_sealed" }));
        vault.sealed = true;
      },
    },
  };
}
