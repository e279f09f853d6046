import type { SignedIn } from "../../identity/sign-in.js";
import { subjectOn } from "../../identity/subjects.js";
import type { Tx } from "../../storage/storage.js";
import type { McIasDeps } from "./dialect.js";
import { evaluate } from "./extended/policy-evaluation.js";
import { listRules } from "./extended/policy-rules.js";
import { allowsLogin } from "./policy.js";

/** What a login is for, as its caller or the registration of its SSO client says. */
export interface LoginContext {
  readonly serviceName: string | undefined;
  readonly tags: readonly string[];
}

/**
 * Whether somebody with the right credentials may log in: the rules of the house file and those of the database count
 * alike, and a deny of either wins.
 */
export async function mayLogIn(
  { settings, uuid, loginPolicy }: Pick<McIasDeps, "settings" | "uuid" | "loginPolicy">,
  tx: Tx,
  who: SignedIn,
  context: LoginContext,
  now: number,
): Promise<boolean> {
  const facts = { ...who, ...context };
  if (!allowsLogin(settings.policy, facts, now) || loginPolicy?.(facts) === false) return false;
  const rules = await listRules(tx);
  if (rules.length === 0) return true;
  const { serviceName, tags } = context;
  const question = {
    subject: { id: await subjectOn(tx, "mcias", who.accountId, uuid), kind: who.kind, roles: who.roles },
    action: "auth:login",
    resource: { tags, ...(serviceName !== undefined && { serviceName }) },
  };
  return evaluate(rules, question, now) === "allow";
}
