import { CardeaError } from "@cardea/core";
import { createAccount, findByUsername, setStatus, type Account } from "../identity/accounts.js";
import type { Origin } from "../identity/audit.js";
import { enrolTotp } from "../identity/factors.js";
import {
  claimIdentifier,
  findIdentifier,
  findOwner,
  identifierKinds,
  releaseIdentifier,
  type IdentifierKind,
} from "../identity/identifiers.js";
import { revokeTokensOf } from "../identity/issued-tokens.js";
import { setPasswordHash } from "../identity/passwords.js";
import { rolesOf, setRoles } from "../identity/roles.js";
import type { Seals } from "../keys/seal.js";
import type { Tx } from "../storage/storage.js";
import { conflict } from "./failures.js";
import { firstWire, type PreparedAccount } from "./prepare.js";

/** The unit that a house is applied in. */
export interface Applying {
  readonly tx: Tx;
  readonly seals: Seals;
  readonly origin: Origin;
  readonly now: number;
  readonly uuid: () => string;
  readonly rowId: () => string;
}

/** An account under work, and what was done to it. */
interface Work {
  readonly prepared: PreparedAccount;
  readonly account: Account;
  readonly changes: string[];
}

/**
 * Makes the accounts what the file says. What gives comes before what takes: so one file can hand the house over from
 * one administrator to another, or an address from one account to another.
 *
 * @returns for each account the sentences of what changed
 * @throws CardeaError `house_conflict`, `last_administrator`
 */
export async function applyAccounts(
  unit: Applying,
  accounts: readonly PreparedAccount[],
): Promise<readonly string[][]> {
  const works: Work[] = [];
  for (const prepared of accounts) works.push(await admit(unit, prepared));
  await identify(unit, works);
  for (const work of works) await restrict(unit, work);
  return works.map(({ changes }) => changes);
}

/** Creates the account, or gives one that is there what it lacks. */
async function admit(unit: Applying, prepared: PreparedAccount): Promise<Work> {
  const { tx, origin, now } = unit;
  const { wanted, passwordHash } = prepared;
  const found = await findByUsername(tx, firstWire, wanted.username);
  if ((found !== undefined) !== prepared.exists) throw changedMeanwhile(wanted.username);
  if (found === undefined) return create(unit, prepared);

  const work: Work = { prepared, account: found, changes: [] };
  const { changes } = work;
  if (passwordHash !== undefined) {
    await setPasswordHash(tx, origin, now, found.id, passwordHash);
    // Whoever knew the former one is out.
    await revokeTokensOf(tx, found.id, now);
    changes.push(`set the password of ${wanted.username}`);
  }
  if (await enrol(unit, work)) changes.push(`set the TOTP secret of ${wanted.username}`);
  if (wanted.status === "active" && found.status === "inactive") {
    await setStatus(tx, origin, now, firstWire, found.subject, "active");
    changes.push(`activated ${wanted.username}`);
  }
  const given = await grant(unit, work);
  if (given.length > 0) changes.push(`gave ${wanted.username} the ${rolesIn(given)}`);
  return work;
}

async function create(unit: Applying, prepared: PreparedAccount): Promise<Work> {
  const { wanted, passwordHash } = prepared;
  const account = await createAccount(unit.tx, unit.origin, unit.now, {
    id: unit.rowId(),
    wire: firstWire,
    subject: unit.uuid(),
    username: wanted.username,
    kind: wanted.kind,
    ...(passwordHash !== undefined && { passwordHash }),
  });
  if (account === "username_taken") throw changedMeanwhile(wanted.username);
  const work: Work = { prepared, account, changes: [] };
  const enrolled = await enrol(unit, work);
  const roles = await grant(unit, work);
  const facts = [wanted.kind, roles.length === 0 ? "no roles" : rolesIn(roles), ...(enrolled ? ["TOTP"] : [])];
  work.changes.push(`created account ${wanted.username} (${facts.join(", ")})`);
  return work;
}

async function enrol({ tx, seals, origin, now, rowId }: Applying, { prepared, account }: Work): Promise<boolean> {
  if (prepared.totp === undefined) return false;
  return enrolTotp(tx, seals, origin, now, account.id, { id: rowId(), secret: prepared.totp });
}

/** Gives the roles that are missing. @returns them */
async function grant({ tx, origin, now }: Applying, { prepared, account }: Work): Promise<string[]> {
  const present = await rolesOf(tx, account.id);
  const missing = [...new Set(prepared.wanted.roles)].filter((role) => !present.includes(role));
  await setRoles(tx, origin, now, account.id, [...present, ...missing]);
  return missing;
}

/** Sets addresses and handles: all that move are free before the first finds its new place. */
async function identify({ tx, origin, now }: Applying, works: readonly Work[]): Promise<void> {
  const moves: { readonly work: Work; readonly kind: IdentifierKind; readonly value: string }[] = [];
  for (const work of works) {
    for (const kind of identifierKinds) {
      const value = work.prepared.wanted[kind];
      if (value === undefined || value === (await findIdentifier(tx, work.account.id, kind))) continue;
      moves.push({ work, kind, value });
    }
  }
  for (const { work, kind } of moves) await releaseIdentifier(tx, work.account.id, kind);
  for (const { work, kind, value } of moves) {
    const { username } = work.account;
    if ((await claimIdentifier(tx, origin, now, work.account.id, kind, value)) === "taken") {
      throw conflict(`the ${kind} of ${username} is the one of ${await ownerName(tx, kind, value)} already`);
    }
    if (work.prepared.exists) work.changes.push(`set the ${kind} of ${username}`);
  }
}

async function ownerName(tx: Tx, kind: IdentifierKind, value: string): Promise<string> {
  const owner = await findOwner(tx, kind, value);
  return (owner === undefined ? undefined : await findIdentifier(tx, owner, "username")) ?? "another account";
}

/** Takes roles that the file does not name, and the right to come in. */
async function restrict({ tx, origin, now }: Applying, { prepared, account, changes }: Work): Promise<void> {
  const { username, roles, status } = prepared.wanted;
  if (roles !== undefined) {
    const taken = (await rolesOf(tx, account.id)).filter((role) => !roles.includes(role));
    if ((await setRoles(tx, origin, now, account.id, roles)) === "last_administrator")
      throw lastAdministrator(username);
    if (taken.length > 0) changes.push(`took from ${username} the ${rolesIn(taken)}`);
  }
  if (status === "inactive" && account.status === "active") {
    const after = await setStatus(tx, origin, now, firstWire, account.subject, "inactive");
    if (after === "last_administrator") throw lastAdministrator(username);
    changes.push(`deactivated ${username}`);
  }
}

function rolesIn(roles: readonly string[]): string {
  return `${roles.length === 1 ? "role" : "roles"} ${roles.join(", ")}`;
}

function lastAdministrator(username: string): CardeaError {
  return new CardeaError(`${username} is the last administrator, and the house file would take that away`, {
    code: "last_administrator",
    help: "Make somebody else an administrator in the same file. Nothing was changed.",
  });
}

function changedMeanwhile(username: string): CardeaError {
  return conflict(`the account ${username} changed while the house file was applied`);
}
