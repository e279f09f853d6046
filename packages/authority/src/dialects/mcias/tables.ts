/** The tables of what only the MCIAS wire knows, as the queries see them. */

declare module "../../storage/schema.js" {
  interface Schema {
    mcias_tags: TagsTable;
    mcias_policy_rules: PolicyRulesTable;
    mcias_sso_clients: SsoClientsTable;
    mcias_delegations: DelegationsTable;
  }
}

export interface TagsTable {
  account_id: string;
  tag: string;
}

export interface PolicyRulesTable {
  id: string;
  description: string;
  /** The lowest is looked at first. */
  priority: number;
  enabled: number;
  not_before: number | null;
  expires_at: number | null;
  /** JSON, in the form of the wire. */
  condition: string;
  created_at: number;
  updated_at: number;
}

/** Services that send browsers here to sign in. */
export interface SsoClientsTable {
  client_id: string;
  redirect_uri: string;
  /** Empty where it has none. */
  service_name: string;
  /** JSON, a list of texts. */
  tags: string;
  enabled: number;
  created_at: number;
  updated_at: number;
}

/** Who besides administrators may do what for a system account. */
export interface DelegationsTable {
  account_id: string;
  delegate_id: string;
  permission: "token_issue" | "pgcreds_read";
}
