import type * as contract from "@cardea/mcias/contract/extended";
import { revokeTokensOf } from "../../../identity/issued-tokens.js";
import { setPasswordHash } from "../../../identity/passwords.js";
import { beginTotpEnrolment, confirmTotpEnrolment, removeTotp } from "../../../identity/totp-enrolment.js";
import { encodeBase32, newTotpSecret, otpauthUri } from "../../../identity/totp.js";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { confirmPassword } from "./confirm-password.js";
import { livingAccount } from "./living.js";

type Auth = Pick<Handlers<typeof contract, Callers>, "changePassword" | "enrollTotp" | "confirmTotp" | "removeTotp">;

/** Section 8: one's own password and second factor. */
export function authHandlers(mcias: McIas): Auth {
  const { storage, clock, hashes, seals, rowId } = mcias;
  return {
    changePassword: {
      rate: "changePassword",
      audit: ["login_fail", "password_changed"],
      handler: async ({ json }, { caller, origin, request, refuse }) => {
        // Before the present one is known to be right or wrong, so that both answers cost the same.
        const phc = await hashes.hash(json.new_password, request.network);
        const tried = await confirmPassword(mcias, caller, json.current_password, origin, async (tx, now) => {
          await setPasswordHash(tx, origin, now, caller.accountId, phc);
          await revokeTokensOf(tx, caller.accountId, now, { except: caller.jti });
        });
        if ("refused" in tried) refuse(tried.refused);
      },
    },

    enrollTotp: {
      rate: "enrollTotp",
      audit: ["login_fail"],
      handler: async ({ json }, { caller, origin, refuse }) => {
        const secret = newTotpSecret();
        const factor = { id: rowId(), secret };
        const tried = await confirmPassword(mcias, caller, json.password, origin, (tx, now) =>
          beginTotpEnrolment(tx, seals, now, caller.accountId, factor),
        );
        if ("refused" in tried) return refuse(tried.refused);
        if (tried.result === "enrolled") return refuse("totp_enrolled");
        return {
          secret: encodeBase32(secret),
          otpauth_uri: otpauthUri({ issuer: "MCIAS", account: caller.username, secret }),
        };
      },
    },

    confirmTotp: {
      rate: "confirmTotp",
      audit: ["totp_enrolled"],
      handler: async ({ json }, { caller, origin, refuse }) => {
        const outcome = await storage.unit((tx) =>
          confirmTotpEnrolment(tx, seals, origin, clock.now(), caller.accountId, json.code),
        );
        if (outcome === "wrong_code") refuse("invalid_credentials");
        if (outcome === "nothing_pending") refuse("nothing_pending");
      },
    },

    removeTotp: {
      rate: "none",
      audit: ["totp_removed"],
      handler: async ({ json }, { origin, refuse }) => {
        const found = await storage.unit(async (tx) => {
          const account = await livingAccount(tx, json.account_id);
          if (account !== undefined) await removeTotp(tx, origin, clock.now(), account.id);
          return account !== undefined;
        });
        if (!found) refuse("not_found");
      },
    },
  };
}
