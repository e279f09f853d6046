import type { Inbound, Outbound } from "../../../front/exchange.js";
import { ssoPage } from "../../../pages/sso.js";
import { serveDialect, type ServeDeps } from "../../serve.js";
import type { McIas } from "../dialect.js";
import { extendedDialect } from "./dialect.js";
import { ssoDesk } from "./sso-desk.js";
import type { VaultState } from "./vault.js";

/** Section 8: the one path that a person's browser opens. */
const pagePath = "/sso/authorize";

/** Serves the `extended` profile: its operations, and the sign-in page of single sign-on. */
export function serveExtended(mcias: McIas, deps: ServeDeps): (request: Inbound) => Promise<Outbound> {
  const vault: VaultState = { sealed: false };
  const operations = serveDialect(extendedDialect(mcias, vault), deps);
  const { seals, clock, settings } = mcias;
  const rate = deps.unlimited === true ? "off" : settings.rates.login;
  const signInPage = ssoPage({ desk: ssoDesk(mcias, vault), seals, clock, rate });
  return (request) => (request.path === pagePath ? signInPage(request) : operations(request));
}
