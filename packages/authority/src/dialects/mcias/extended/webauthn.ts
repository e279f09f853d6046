import { randomBytes } from "node:crypto";
import type * as contract from "@cardea/mcias/contract/extended";
import type { WireWebauthnCredential } from "@cardea/mcias/contract/extended";
import { attemptPassword } from "../../../identity/password-attempt.js";
import { signInWithPasskey } from "../../../identity/passkey-sign-in.js";
import { addPasskey, listPasskeys, removePasskey, type Passkey } from "../../../identity/passkeys.js";
import { subjectOn } from "../../../identity/subjects.js";
import {
  challengeBytes,
  challengeMs,
  challengeOf,
  consumeChallenge,
  credentialAlgorithms,
  isPasswordOf,
  offerChallenge,
  relyingPartyAt,
  verifyRegistration,
} from "../../../identity/webauthn.js";
import type { Handlers } from "../../dialect.js";
import type { McIas } from "../dialect.js";
import type { Callers } from "../gate.js";
import { idFrom } from "../ids.js";
import { issuerOf } from "../issuer.js";
import { mayLogIn } from "../login-policy.js";
import { timestamp } from "../tokens.js";
import { confirmPassword } from "./confirm-password.js";
import { livingAccount } from "./living.js";

type Webauthn = Pick<
  Handlers<typeof contract, Callers>,
  | "beginWebauthnRegistration"
  | "finishWebauthnRegistration"
  | "beginWebauthnLogin"
  | "finishWebauthnLogin"
  | "listWebauthnCredentials"
  | "deleteWebauthnCredential"
>;

const newChallenge = () => randomBytes(challengeBytes).toString("base64url");

/** Section 8: WebAuthn, in the place of the password, or of the code. */
export function webauthnHandlers(mcias: McIas): Webauthn {
  const { storage, clock, tokens, uuid } = mcias;
  return {
    beginWebauthnRegistration: {
      rate: "webauthn",
      audit: ["login_fail"],
      handler: async ({ json }, { caller, origin, request, refuse }) => {
        const challenge = newChallenge();
        const tried = await confirmPassword(mcias, caller, json.password, origin, async (tx, now) => {
          await offerChallenge(tx, "webauthn_registration", challenge, now, caller.accountId);
          return listPasskeys(tx, caller.accountId);
        });
        if ("refused" in tried) return refuse(tried.refused);
        return {
          public_key: {
            challenge,
            rp: { id: relyingPartyAt(request.origin).id, name: "MCIAS" },
            user: {
              id: Buffer.from(caller.subject).toString("base64url"),
              name: caller.username,
              displayName: caller.username,
            },
            pubKeyCredParams: credentialAlgorithms.map((alg) => ({ type: "public-key", alg })),
            timeout: challengeMs,
            excludeCredentials: tried.result.map(descriptor),
            authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
            attestation: "none",
          },
        };
      },
    },

    finishWebauthnRegistration: {
      rate: "webauthn",
      audit: ["webauthn_enrolled"],
      handler: async ({ json }, { caller, origin, request, refuse }) => {
        const challenge = challengeOf(json.credential.response.clientDataJSON) ?? refuse("registration_refused");
        const isOurs = await storage.unit(async (tx) => {
          const offered = await consumeChallenge(tx, "webauthn_registration", challenge, clock.now());
          return offered?.accountId === caller.accountId && (await isPasswordOf(tx, offered));
        });
        if (!isOurs) return refuse("registration_refused");
        const made =
          (await verifyRegistration(json.credential, challenge, relyingPartyAt(request.origin))) ??
          refuse("registration_refused");
        const passkey = { id: uuid(), accountId: caller.accountId, name: json.name ?? "security key", ...made };
        const added = await storage.unit((tx) => addPasskey(tx, origin, clock.now(), passkey));
        return added === "known" ? refuse("credential_known") : wireCredential(added);
      },
    },

    beginWebauthnLogin: {
      rate: "webauthn",
      audit: ["login_fail"],
      handler: async ({ json: { username, password } }, { origin, request, refuse }) => {
        const challenge = newChallenge();
        const options = {
          challenge,
          rpId: relyingPartyAt(request.origin).id,
          timeout: challengeMs,
        };
        if (username === undefined && password === undefined) {
          // Whoever it is: the authenticator knows its credentials, and we tell nobody who has any.
          await storage.unit((tx) => offerChallenge(tx, "webauthn_login", challenge, clock.now()));
          return { public_key: { ...options, allowCredentials: [], userVerification: "required" } };
        }
        if (username === undefined) return refuse("malformed", "username: expected beside password");
        if (password === undefined) return refuse("malformed", "password: expected beside username");
        const tried = await attemptPassword(mcias, { username, password, origin }, async (tx, holder, now) => {
          await offerChallenge(tx, "webauthn_login", challenge, now, holder.accountId);
          return { result: await listPasskeys(tx, holder.accountId), settlement: "given_back" };
        });
        if (tried.outcome === "refused") return refuse("invalid_credentials");
        if (tried.outcome === "network_locked") return refuse("too_many_failures");
        return {
          public_key: {
            ...options,
            allowCredentials: tried.result.map(descriptor),
            userVerification: "preferred",
          },
        };
      },
    },

    finishWebauthnLogin: {
      rate: "webauthn",
      audit: ["login_ok", "login_fail", "token_issued"],
      handler: async ({ json }, { origin, request, refuse }) => {
        const context = { serviceName: json.service_name || undefined, tags: json.tags ?? [] };
        const attempt = await signInWithPasskey(mcias, {
          answer: json.credential,
          party: relyingPartyAt(request.origin),
          origin,
          allows: (who, tx, now) => mayLogIn(mcias, tx, who, context, now),
          complete: async (tx, who, now) => {
            const subject = await subjectOn(tx, "mcias", who.accountId, uuid);
            return tokens.issue(tx, origin, now, { ...who, subject }, issuerOf(request));
          },
        });
        if (attempt.outcome === "denied") return refuse("denied_by_policy");
        return attempt.outcome === "refused" ? refuse("invalid_credentials") : attempt.result;
      },
    },

    listWebauthnCredentials: {
      rate: "none",
      audit: [],
      handler: async ({ path }, { refuse }) => {
        const account = (await livingAccount(storage.read, path.id)) ?? refuse("not_found");
        return { credentials: (await listPasskeys(storage.read, account.id)).map(wireCredential) };
      },
    },

    deleteWebauthnCredential: {
      rate: "none",
      audit: ["webauthn_removed"],
      handler: async ({ path }, { origin, refuse }) => {
        const id = idFrom(path.credential_id) ?? refuse("not_found");
        const removed = await storage.unit(async (tx) => {
          const account = await livingAccount(tx, path.id);
          return account !== undefined && removePasskey(tx, origin, clock.now(), account.id, id);
        });
        if (!removed) refuse("not_found");
      },
    },
  };
}

/** How an authenticator recognises a credential of its own. */
function descriptor({ credentialId, transports }: Passkey) {
  return {
    type: "public-key" as const,
    id: credentialId,
    ...(transports.length > 0 && { transports: [...transports] }),
  };
}

/** Nothing of the key. */
function wireCredential({ id, name, createdAt, lastUsedAt }: Passkey): WireWebauthnCredential {
  return {
    id,
    name,
    created_at: timestamp(createdAt),
    last_used_at: lastUsedAt === undefined ? null : timestamp(lastUsedAt),
  };
}
