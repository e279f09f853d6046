import * as seed from "@cardea/mcias/contract";
import * as extended from "@cardea/mcias/contract/extended";
import type { Dialect } from "../../dialect.js";
import { mciasDialect, situations, type McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { accountHandlers } from "./accounts.js";
import { auditHandlers } from "./audit.js";
import { authHandlers } from "./auth.js";
import { delegationHandlers, issueByDelegates } from "./delegation.js";
import { extendedGate } from "./gate.js";
import { pgCredsListHandlers } from "./pgcreds.js";
import { policyHandlers } from "./policy.js";
import { ssoHandlers } from "./sso.js";
import { refusedWhileSealed, vaultHandlers, type VaultState } from "./vault.js";
import { webauthnHandlers } from "./webauthn.js";

const contract = { ...seed, ...extended, ...extended.delegable };

/** The `extended` profile: the seed, and the routes of section 8. */
export function extendedDialect(mcias: McIas, vault: VaultState): Dialect<typeof contract, Callers> {
  const dialect = mciasDialect(mcias);
  const { login, unseal } = mcias.settings.rates;
  return {
    ...dialect,
    contract,
    errors: { ...extended.mciasExtended, situations },
    // Section 4 limits logins. What tries a password or a code besides has the same rate, and a bucket of its own.
    rates: {
      ...dialect.rates,
      unseal,
      changePassword: login,
      enrollTotp: login,
      confirmTotp: login,
      webauthn: login,
      sso: login,
    },
    gate: extendedGate(mcias),
    closed: (operation) => refusedWhileSealed(vault, operation),
    handlers: {
      ...dialect.handlers,
      // The same handler behind a gate that lets delegates in.
      getPgCreds: { ...dialect.handlers.getPgCreds },
      ...authHandlers(mcias),
      ...accountHandlers(mcias),
      ...delegationHandlers(mcias),
      issueServiceToken: issueByDelegates(mcias, dialect.handlers.issueServiceToken),
      ...policyHandlers(mcias),
      ...auditHandlers(mcias),
      ...pgCredsListHandlers(mcias),
      ...webauthnHandlers(mcias),
      ...ssoHandlers(mcias),
      ...vaultHandlers(mcias, vault),
    },
  };
}
