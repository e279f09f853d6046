import type { Selectable } from "kysely";
import { record, type Origin } from "../../../identity/audit.js";
import type { Reader, Tx } from "../../../storage/storage.js";
import type { SsoClientsTable } from "../tables.js";

/** A service that sends browsers here to sign in. */
export interface SsoClient {
  readonly clientId: string;
  /** Compared whole. */
  readonly redirectUri: string;
  /** The policy context of every login through this client; empty where it has none. */
  readonly serviceName: string;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type SsoClientContent = Pick<SsoClient, "redirectUri" | "serviceName" | "tags" | "enabled">;

/** The oldest first. */
export async function listSsoClients(db: Reader): Promise<SsoClient[]> {
  const rows = await db
    .selectFrom("mcias_sso_clients")
    .selectAll()
    .orderBy("created_at")
    .orderBy("client_id")
    .execute();
  return rows.map(clientFrom);
}

export async function findSsoClient(db: Reader, clientId: string): Promise<SsoClient | undefined> {
  const row = await db.selectFrom("mcias_sso_clients").selectAll().where("client_id", "=", clientId).executeTakeFirst();
  return row === undefined ? undefined : clientFrom(row);
}

/** The client that may be answered at this address: registered, enabled, and the address its own. */
export async function findRedirectTarget(
  db: Reader,
  clientId: string,
  redirectUri: string,
): Promise<SsoClient | undefined> {
  const client = await findSsoClient(db, clientId);
  return client?.enabled === true && client.redirectUri === redirectUri ? client : undefined;
}

export async function addSsoClient(
  tx: Tx,
  origin: Origin,
  now: number,
  clientId: string,
  content: SsoClientContent,
): Promise<SsoClient | "exists"> {
  const row = { client_id: clientId, ...columnsOf(content), created_at: now, updated_at: now };
  const added = await tx
    .insertInto("mcias_sso_clients")
    .values(row)
    .onConflict((conflict) => conflict.column("client_id").doNothing())
    .returning("client_id")
    .executeTakeFirst();
  if (added === undefined) return "exists";
  await record(tx, origin, now, { type: "sso_client_created", details: { client: clientId } });
  return clientFrom(row);
}

/** Puts new content in the place of the old. */
export async function changeSsoClient(
  tx: Tx,
  origin: Origin,
  now: number,
  client: SsoClient,
  content: SsoClientContent,
): Promise<SsoClient> {
  const columns = { ...columnsOf(content), updated_at: now };
  await tx.updateTable("mcias_sso_clients").set(columns).where("client_id", "=", client.clientId).execute();
  await record(tx, origin, now, { type: "sso_client_updated", details: { client: client.clientId } });
  return { ...client, ...content, updatedAt: now };
}

/** @returns whether there was one */
export async function removeSsoClient(tx: Tx, origin: Origin, now: number, clientId: string): Promise<boolean> {
  const removed = await tx
    .deleteFrom("mcias_sso_clients")
    .where("client_id", "=", clientId)
    .returning("client_id")
    .executeTakeFirst();
  if (removed === undefined) return false;
  await record(tx, origin, now, { type: "sso_client_deleted", details: { client: clientId } });
  return true;
}

function columnsOf({ redirectUri, serviceName, tags, enabled }: SsoClientContent) {
  return {
    redirect_uri: redirectUri,
    service_name: serviceName,
    tags: JSON.stringify(tags),
    enabled: enabled ? 1 : 0,
  };
}

function clientFrom(row: Selectable<SsoClientsTable>): SsoClient {
  return {
    clientId: row.client_id,
    redirectUri: row.redirect_uri,
    serviceName: row.service_name,
    tags: JSON.parse(row.tags) as string[],
    enabled: row.enabled === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
