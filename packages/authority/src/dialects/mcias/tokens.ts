import { Recent } from "@cardea/core";
import { record, type Origin } from "../../identity/audit.js";
import { recordToken, revokeTokensOf, tokenLookup, type TokenFacts } from "../../identity/issued-tokens.js";
import { administrator } from "../../identity/roles.js";
import type { SigningKeys } from "../../identity/signing-keys.js";
import { sha256 } from "../../keys/digest.js";
import { encodeHeader, readJws, writeJws } from "../../keys/jws.js";
import type { Storage, Tx } from "../../storage/storage.js";
import { isUuid } from "./ids.js";
import type { McIasSettings } from "./settings.js";

/** Section 3: exactly this, and no key id. */
const header = encodeHeader({ alg: "EdDSA", typ: "JWT" });

/** A string that is longer is no token. */
const longestToken = 8192;

/** Claims in the order of the fixtures (7.1). */
interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly roles: readonly string[];
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  /** Not issued (section 3), honoured all the same. */
  readonly nbf?: number;
}

/** Whose token it is, and what it carries. */
export interface VerifiedToken extends TokenFacts {
  readonly jti: string;
  readonly roles: readonly string[];
}

/** For whom a token is made. */
export interface Holder {
  readonly accountId: string;
  readonly subject: string;
  readonly kind: "human" | "system";
  readonly roles: readonly string[];
}

export interface Tokens {
  /** Makes and records a token. A system account's former token dies with it. */
  issue(tx: Tx, origin: Origin, now: number, holder: Holder, issuer: string): Promise<WireToken>;
  /** Section 3, in its order; then what is recorded of the token. `undefined` for whatever is not valid. */
  verify(token: string, now: number): Promise<VerifiedToken | undefined>;
}

interface WireToken {
  readonly token: string;
  readonly expires_at: string;
}

export function createTokens(deps: {
  readonly keys: SigningKeys;
  readonly storage: Storage;
  readonly settings: McIasSettings;
  readonly uuid: () => string;
}): Tokens {
  const { keys, settings } = deps;
  const lookup = tokenLookup(deps.storage, "mcias");
  /** Signatures that were right, so that a token seen before costs no second verification. Everything else is asked each time. */
  const seen = new Recent<Claims>(10_000);

  function signed(token: string): Claims | undefined {
    const key = `${keys.generation}:${sha256(token)}`;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const claims = claimsFrom(readJws(token, header, (input, signature) => keys.verify(input, signature)));
    if (claims !== undefined) seen.set(key, claims);
    return claims;
  }

  return {
    async issue(tx, origin, now, holder, issuer) {
      const iat = Math.floor(now / 1000);
      const claims: Claims = {
        iss: issuer,
        sub: holder.subject,
        roles: holder.roles,
        jti: deps.uuid(),
        iat,
        exp: iat + lifetimeOf(holder, settings),
      };
      // Section 2.3: a system account has one live token at a time.
      if (holder.kind === "system") await revokeTokensOf(tx, holder.accountId, now);
      await recordToken(tx, {
        jti: claims.jti,
        accountId: holder.accountId,
        wire: "mcias",
        issuer,
        issuedAt: iat * 1000,
        expiresAt: claims.exp * 1000,
      });
      await record(tx, origin, now, { type: "token_issued", target: holder.accountId, details: { jti: claims.jti } });
      return {
        token: writeJws(header, claims, (input) => keys.sign(input)),
        expires_at: timestamp(claims.exp * 1000),
      };
    },

    async verify(token, now) {
      if (token.length > longestToken) return undefined;
      const claims = signed(token);
      if (claims === undefined || !isCurrent(claims, now)) return undefined;
      const facts = await lookup(claims.jti);
      // What was recorded decides: a token that says anything else was not made here.
      if (facts?.issuer !== claims.iss || facts.subject !== claims.sub || facts.expiresAt !== claims.exp * 1000) {
        return undefined;
      }
      return { ...facts, jti: claims.jti, roles: claims.roles };
    },
  };
}

function lifetimeOf(holder: Holder, { lifetimes }: McIasSettings): number {
  if (holder.kind === "system") return lifetimes.system;
  return holder.roles.includes(administrator) ? lifetimes.administrator : lifetimes.human;
}

/** RFC 3339, UTC, whole seconds. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** No leeway: the clock that issued is the clock that asks. */
function isCurrent(claims: Claims, now: number): boolean {
  return claims.exp * 1000 > now && claims.iat * 1000 <= now && (claims.nbf ?? 0) * 1000 <= now;
}

/** All claims of section 3 with the right types. */
function claimsFrom(claims: Readonly<Record<string, unknown>> | undefined): Claims | undefined {
  if (claims === undefined) return undefined;
  const { iss, sub, roles, jti, iat, exp, nbf } = claims;
  const right =
    typeof iss === "string" &&
    typeof sub === "string" &&
    Array.isArray(roles) &&
    roles.every((role) => typeof role === "string") &&
    typeof jti === "string" &&
    isUuid(jti) &&
    Number.isSafeInteger(iat) &&
    Number.isSafeInteger(exp) &&
    (nbf === undefined || Number.isSafeInteger(nbf));
  return right ? (claims as unknown as Claims) : undefined;
}
