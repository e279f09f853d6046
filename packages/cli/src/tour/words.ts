import type { Clock } from "@cardea/core";
import type { Account, TokenResult, ValidationResult } from "@cardea/mcias";

/** Answers in a few words, never with what is secret in them. */
export interface Words {
  token(answer: TokenResult): string;
  validity(answer: ValidationResult): string;
  account(answer: Account): string;
  list(answer: readonly string[]): string;
}

export function wordsAt(clock: Clock): Words {
  return {
    token: ({ expiresAt }) => `a token for ${span(expiresAt.getTime() - clock.now())}`,
    validity: (answer) => (answer.valid ? `valid, roles: ${answer.roles.join(", ")}` : "not valid"),
    account: ({ username, accountType, status }) => `${username}: ${accountType}, ${status}`,
    list: (names) => names.join(", "),
  };
}

/** The id of a token, which is the claim `jti`. No check of the signature: it has just come from its issuer. */
export function idOf(token: string): string {
  const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return (payload as { readonly jti: string }).jti;
}

function span(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  return hours % 24 === 0 ? `${hours / 24} days` : `${hours} hours`;
}
