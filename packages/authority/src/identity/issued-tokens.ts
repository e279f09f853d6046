import { Recent } from "@cardea/core";
import type { Reader, Storage, Tx } from "../storage/storage.js";

/** What is kept of every token that was handed out: never the token itself. */
export interface IssuedToken {
  readonly jti: string;
  readonly accountId: string;
  readonly wire: string;
  /** The issuer that the token names. */
  readonly issuer: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export async function recordToken(tx: Tx, token: IssuedToken): Promise<void> {
  await tx
    .insertInto("issued_tokens")
    .values({
      jti: token.jti,
      account_id: token.accountId,
      wire: token.wire,
      issuer: token.issuer,
      issued_at: token.issuedAt,
      expires_at: token.expiresAt,
      revoked_at: null,
    })
    .execute();
}

/** Revokes one token. True where this call did it: of several at once exactly one is told so. */
export async function spendToken(tx: Tx, wire: string, jti: string, now: number): Promise<boolean> {
  const spent = await tx
    .updateTable("issued_tokens")
    .set({ revoked_at: now })
    .where("jti", "=", jti)
    .where("wire", "=", wire)
    .where("revoked_at", "is", null)
    .returning("jti")
    .executeTakeFirst();
  return spent !== undefined;
}

/** Revokes every live token of an account, on every wire, but for the one that is to be kept. */
export async function revokeTokensOf(
  tx: Tx,
  accountId: string,
  now: number,
  { except = "" }: { readonly except?: string } = {},
): Promise<string[]> {
  const revoked = await tx
    .updateTable("issued_tokens")
    .set({ revoked_at: now })
    .where("account_id", "=", accountId)
    .where("jti", "!=", except)
    .where("revoked_at", "is", null)
    .where("expires_at", ">", now)
    .returning("jti")
    .execute();
  return revoked.map((row) => row.jti);
}

/** Whose token this was, whether it lives or not. Rows go some time after their token is over. */
export async function findToken(db: Reader, wire: string, jti: string): Promise<{ accountId: string } | undefined> {
  const row = await db
    .selectFrom("issued_tokens")
    .select("account_id")
    .where("jti", "=", jti)
    .where("wire", "=", wire)
    .executeTakeFirst();
  return row === undefined ? undefined : { accountId: row.account_id };
}

/** Removes what nobody can present any more. No answer depends on it. */
export async function pruneTokens(tx: Tx, before: number): Promise<void> {
  await tx.deleteFrom("issued_tokens").where("expires_at", "<", before).execute();
}

/** What is asked of the database for a token whose signature is right. */
export interface TokenFacts {
  readonly accountId: string;
  readonly subject: string;
  readonly username: string;
  readonly kind: "human" | "system";
  readonly issuer: string;
  readonly expiresAt: number;
}

/** Finds the facts of a token that is recorded, not revoked, and of an active account. */
export type TokenLookup = (jti: string) => Promise<TokenFacts | undefined>;

/**
 * Every protected request asks this, so it is compiled once, and where nobody else writes to the database, an answer is
 * remembered until the next write, whatever that is about.
 */
export function tokenLookup(storage: Pick<Storage, "read" | "version">, wire: string): TokenLookup {
  const ask = tokenQuery(storage.read, wire);
  const remembered = new Recent<{ readonly version: number; readonly facts: TokenFacts }>(10_000);
  return async (jti) => {
    // Taken before the question: an answer may be newer than its version, and never older.
    const version = storage.version?.();
    if (version === undefined) return ask(jti);
    const known = remembered.get(jti);
    if (known?.version === version) return known.facts;
    const facts = await ask(jti);
    if (facts !== undefined) remembered.set(jti, { version, facts });
    return facts;
  };
}

function tokenQuery(db: Reader, wire: string): TokenLookup {
  const compiled = db
    .selectFrom("issued_tokens")
    .innerJoin("accounts", "accounts.id", "issued_tokens.account_id")
    .innerJoin("subjects", (join) =>
      join
        .onRef("subjects.account_id", "=", "accounts.id")
        .on("subjects.wire", "=", wire)
        .on("subjects.scope", "=", ""),
    )
    .innerJoin("identifiers", (join) =>
      join.onRef("identifiers.account_id", "=", "accounts.id").on("identifiers.kind", "=", "username"),
    )
    .select([
      "accounts.id as accountId",
      "accounts.kind as kind",
      "subjects.subject as subject",
      "identifiers.value as username",
      "issued_tokens.issuer as issuer",
      "issued_tokens.expires_at as expiresAt",
    ])
    .where("issued_tokens.wire", "=", wire)
    .where("issued_tokens.revoked_at", "is", null)
    .where("accounts.status", "=", "active")
    .where("issued_tokens.jti", "=", "")
    .compile();
  // The last parameter is the jti: it stands in the last condition.
  const fixed = compiled.parameters.slice(0, -1);
  return async (jti) => (await db.executeQuery<TokenFacts>({ ...compiled, parameters: [...fixed, jti] })).rows[0];
}
