import { signIn } from "../../../identity/sign-in.js";
import type { Origin } from "../../../identity/audit.js";
import type { SsoDesk } from "../../../pages/sso.js";
import type { McIas } from "../dialect.js";
import { mayLogIn } from "../login-policy.js";
import { findRedirectTarget } from "./sso-clients.js";
import { newSsoCode, offerSsoCode } from "./sso-codes.js";
import type { VaultState } from "./vault.js";

/** Section 8: what the sign-in page of single sign-on asks of this wire. */
export function ssoDesk(mcias: McIas, vault: VaultState): SsoDesk {
  const { storage } = mcias;
  return {
    isShut: () => vault.sealed,

    async knows({ clientId, redirectUri }) {
      return (await findRedirectTarget(storage.read, clientId, redirectUri)) !== undefined;
    },

    async signIn({ clientId, redirectUri }, credentials, from) {
      const client = await findRedirectTarget(storage.read, clientId, redirectUri);
      if (client === undefined) return { outcome: "unknown_client" };
      const origin: Origin = {
        ...from,
        wire: "mcias",
        operation: "ssoAuthorize",
        audits: ["login_ok", "login_fail", "sso_code_issued"],
      };
      // The registration says what the login is for, never the request.
      const context = { serviceName: client.serviceName || undefined, tags: client.tags };
      const code = newSsoCode();
      const attempt = await signIn(mcias, {
        ...credentials,
        origin,
        allows: (who, tx, now) => mayLogIn(mcias, tx, who, context, now),
        complete: (tx, who, now) => offerSsoCode(tx, origin, now, code, who.accountId, client),
      });
      return attempt.outcome === "signed_in" ? { outcome: "signed_in", code } : { outcome: attempt.outcome };
    },
  };
}
