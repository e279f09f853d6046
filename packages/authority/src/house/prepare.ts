import { randomBytes } from "node:crypto";
import { CardeaError, type Secret } from "@cardea/core";
import { findByUsername, type Account } from "../identity/accounts.js";
import { findPasswordHash } from "../identity/passwords.js";
import type { SignInDeps } from "../identity/sign-in.js";
import { decodeBase32, encodeBase32, newTotpSecret } from "../identity/totp.js";
import type { AccountCredentials, Credentials } from "./credentials.js";
import { conflict } from "./failures.js";
import type { House, HouseAccount } from "./load.js";

/** What applying a house needs. */
export interface ApplyDeps extends Pick<SignInDeps, "storage" | "hashes" | "seals" | "clock"> {
  /** Makes ids that wires show. */
  readonly uuid: () => string;
  /** Makes ids that stay in the database. */
  readonly rowId: () => string;
  /** Default: the random of the system. */
  readonly random?: (bytes: number) => Uint8Array;
}

/** An account of the house file with all that a unit could not wait for. */
export interface PreparedAccount {
  readonly wanted: HouseAccount;
  /** Whether it was there before. */
  readonly exists: boolean;
  /** To be stored in place of what there is. */
  readonly passwordHash?: string;
  /** To be enrolled, unless it is. */
  readonly totp?: Uint8Array;
}

export interface Preparation {
  readonly accounts: readonly PreparedAccount[];
  readonly generated: Credentials;
}

/** Every account has a subject on this wire from the first moment. */
export const firstWire = "mcias";

/** Hashes of operators take turns with those of networks. */
const turn = "operator";

const passwordEntropyBytes = 20;

/**
 * Compares passwords, hashes new ones and generates what is to be generated. In a dry run nothing is hashed or
 * generated: what stands in its place is never kept.
 *
 * @throws CardeaError `house_conflict` where an account is there and cannot become what the file says; `busy`
 */
export async function prepare(deps: ApplyDeps, house: House, dryRun: boolean): Promise<Preparation> {
  const accounts: PreparedAccount[] = [];
  const generated: Record<string, AccountCredentials> = {};
  // One after the other: a pool that is asked for all at once would refuse some of them as too busy.
  for (const wanted of house.accounts) {
    const account = await findByUsername(deps.storage.read, firstWire, wanted.username);
    if (account !== undefined) checkSame(wanted, account);
    const password = await preparePassword(deps, wanted, account, dryRun);
    const totp = prepareTotp(deps, wanted, account, dryRun);
    accounts.push({ wanted, exists: account !== undefined, ...password.prepared, ...totp.prepared });
    const made = { ...password.made, ...totp.made };
    if (Object.keys(made).length > 0) generated[wanted.username] = made;
  }
  return { accounts, generated: { accounts: generated } };
}

/** Refuses what no house file can change. */
function checkSame({ username, kind }: HouseAccount, account: Account): void {
  if (account.status === "deleted")
    throw conflict(`the account ${username} was deleted, and its name is never given again`);
  if (account.kind !== kind)
    throw conflict(`the account ${username} is a ${account.kind} account and cannot become another`);
}

async function preparePassword(
  { storage, hashes, random = randomBytes }: ApplyDeps,
  wanted: HouseAccount,
  account: Account | undefined,
  dryRun: boolean,
): Promise<{ prepared?: Pick<PreparedAccount, "passwordHash">; made?: AccountCredentials }> {
  if (wanted.password === undefined) return {};
  const present = account === undefined ? undefined : await findPasswordHash(storage.read, account.id);
  const hash = (password: string) => (dryRun ? Promise.resolve("") : hashes.hash(password, turn));
  if (wanted.password === "generate") {
    if (present !== undefined) return {};
    const password = dryRun ? "" : Buffer.from(random(passwordEntropyBytes)).toString("base64url");
    return { prepared: { passwordHash: await hash(password) }, made: { password } };
  }
  const password = wanted.password.expose();
  if (present !== undefined && (await hashes.verify(present, password, turn))) return {};
  return { prepared: { passwordHash: await hash(password) } };
}

function prepareTotp(
  { random = randomBytes }: ApplyDeps,
  wanted: HouseAccount,
  account: Account | undefined,
  dryRun: boolean,
): { prepared?: Pick<PreparedAccount, "totp">; made?: AccountCredentials } {
  if (wanted.totp === undefined) return {};
  if (wanted.totp !== "generate") return { prepared: { totp: bytesOf(wanted.totp) } };
  if (account?.totpEnabled === true) return {};
  const secret = newTotpSecret(dryRun ? (bytes) => new Uint8Array(bytes) : random);
  return { prepared: { totp: secret }, made: { totp: encodeBase32(secret) } };
}

function bytesOf(base32: Secret): Uint8Array {
  const bytes = decodeBase32(base32.expose());
  if (bytes === undefined) throw new CardeaError("a TOTP secret of the house is not base32", { code: "house_invalid" });
  return bytes;
}
