import { attemptPassword } from "../../../identity/password-attempt.js";
import type { Origin } from "../../../identity/audit.js";
import type { Tx } from "../../../storage/storage.js";
import type { McIas } from "../dialect.js";
import type { VerifiedToken } from "../tokens.js";

/** How a caller who must show their password again is refused. */
export type PasswordRefusal = "invalid_credentials" | "too_many_failures";

/**
 * Asks a caller for their password again, on the way of a login: same lock, same cost. It counts as a failure where it
 * is wrong and forgives nothing where it is right, since no sign-in is completed.
 *
 * @param then written in the unit that settles the guess
 */
export async function confirmPassword<Result>(
  mcias: McIas,
  caller: Pick<VerifiedToken, "username">,
  password: string,
  origin: Origin,
  then: (tx: Tx, now: number) => Promise<Result>,
): Promise<{ readonly result: Result } | { readonly refused: PasswordRefusal }> {
  const attempt = { username: caller.username, password, origin };
  const tried = await attemptPassword(mcias, attempt, async (tx, _, now) => ({
    result: await then(tx, now),
    settlement: "given_back",
  }));
  switch (tried.outcome) {
    case "judged":
      return { result: tried.result };
    case "refused":
      return { refused: "invalid_credentials" };
    case "network_locked":
      return { refused: "too_many_failures" };
  }
}
