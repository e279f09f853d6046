import type { Suite } from "../row.js";
import { accounts } from "./accounts.js";
import { administration } from "./administration.js";
import { bodies } from "./bodies.js";
import { creating } from "./creating.js";
import { credentials } from "./credentials.js";
import { door } from "./door.js";
import { signingIn } from "./login.js";
import { rates } from "./rates.js";
import { tokens } from "./tokens.js";
import { validating } from "./validating.js";

/** The server side of the conformance list of the MCIAS wire document, as far as it shows from outside. */
export const mcias: Suite = {
  wire: "mcias",
  sections: [door, bodies, signingIn, validating, tokens, administration, creating, accounts, credentials, rates],
  probe: "GET /v1/health",
  signIn: {
    send: "POST /v1/auth/login",
    json: {
      username: "{{administrator.username}}",
      password: "{{administrator.password}}",
      totp_code: "{{administrator.code}}",
    },
    expect: { status: 200 },
    keep: { "administrator.token": "token" },
  },
  signOut: { send: "POST /v1/auth/logout", as: "administrator", expect: { status: 204 } },
  accounts: { made: "POST /v1/accounts", remove: "DELETE /v1/accounts/{{id}}" },
};
