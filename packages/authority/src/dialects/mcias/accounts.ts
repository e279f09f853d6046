import type * as contract from "@cardea/mcias/contract";
import type { WireAccount } from "@cardea/mcias/contract";
import { createAccount, findBySubject, listAccounts, setStatus, type Account } from "../../identity/accounts.js";
import { rolesOf, setRoles } from "../../identity/roles.js";
import type { Handlers } from "../dialect.js";
import type { McIas } from "./dialect.js";
import type { Callers } from "./gate.js";
import { idFrom } from "./ids.js";
import { timestamp } from "./tokens.js";

type Accounts = Pick<
  Handlers<typeof contract, Callers>,
  "createAccount" | "listAccounts" | "getAccount" | "updateAccount" | "deleteAccount" | "getRoles" | "setRoles"
>;

/** Sections 2.2 and 2.3: accounts and their roles. */
export function accountHandlers(mcias: McIas): Accounts {
  const { storage, clock, hashes, settings, uuid, rowId } = mcias;

  /** The account that a path names; a deleted one only where it is still readable. */
  async function find(id: string): Promise<Account | undefined> {
    const subject = idFrom(id);
    return subject === undefined ? undefined : findBySubject(storage.read, "mcias", subject);
  }

  return {
    createAccount: {
      rate: "none",
      audit: ["account_created"],
      handler: async ({ json }, { origin, request, refuse }) => {
        if (json.account_type === "human" && json.password === undefined) refuse("password_missing");
        if (json.account_type === "system" && json.password !== undefined) refuse("password_forbidden");
        const passwordHash =
          json.password === undefined ? undefined : await hashes.hash(json.password, request.network);
        const created = await storage.unit((tx) =>
          createAccount(tx, origin, clock.now(), {
            id: rowId(),
            wire: "mcias",
            subject: uuid(),
            username: json.username,
            kind: json.account_type,
            ...(passwordHash !== undefined && { passwordHash }),
          }),
        );
        return created === "username_taken" ? refuse("username_taken") : wireAccount(created);
      },
    },

    listAccounts: {
      rate: "none",
      audit: [],
      handler: async () => (await listAccounts(storage.read, "mcias")).map(wireAccount),
    },

    getAccount: {
      rate: "none",
      audit: [],
      handler: async ({ path }, { refuse }) => wireAccount((await find(path.id)) ?? refuse("not_found")),
    },

    updateAccount: {
      rate: "none",
      audit: ["account_updated"],
      handler: async ({ path, json }, { origin, refuse }) => {
        const { status } = json;
        const account = await find(path.id);
        if (account === undefined || account.status === "deleted") return refuse("not_found");
        if (status === undefined) return wireAccount(account);
        const changed = await storage.unit((tx) =>
          setStatus(tx, origin, clock.now(), "mcias", account.subject, status),
        );
        return typeof changed === "string" ? refuse(changed) : wireAccount(changed);
      },
    },

    deleteAccount: {
      rate: "none",
      audit: ["account_deleted"],
      handler: async ({ path }, { origin, refuse }) => {
        const subject = idFrom(path.id) ?? refuse("not_found");
        const deleted = await storage.unit((tx) => setStatus(tx, origin, clock.now(), "mcias", subject, "deleted"));
        if (typeof deleted === "string") refuse(deleted);
      },
    },

    getRoles: {
      rate: "none",
      audit: [],
      handler: async ({ path }, { refuse }) => {
        const account = await find(path.id);
        if (account === undefined || account.status === "deleted") return refuse("not_found");
        return { roles: await rolesOf(storage.read, account.id) };
      },
    },

    setRoles: {
      rate: "none",
      audit: ["role_granted", "role_revoked"],
      handler: async ({ path, json }, { origin, refuse }) => {
        const known = settings.roles;
        if (known !== undefined && !json.roles.every((role) => known.includes(role))) refuse("unknown_role");
        const subject = idFrom(path.id) ?? refuse("not_found");
        const outcome = await storage.unit(async (tx) => {
          const account = await findBySubject(tx, "mcias", subject);
          if (account === undefined || account.status === "deleted") return "not_found";
          return setRoles(tx, origin, clock.now(), account.id, json.roles);
        });
        if (outcome !== "set") refuse(outcome);
      },
    },
  };
}

function wireAccount(account: Account): WireAccount {
  return {
    id: account.subject,
    username: account.username,
    account_type: account.kind,
    status: account.status,
    created_at: timestamp(account.createdAt),
    updated_at: timestamp(account.updatedAt),
    totp_enabled: account.totpEnabled,
  };
}
