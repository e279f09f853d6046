import { oneOf, truth, type Ddl } from "../../../storage/migrations/ddl.js";
import type { Migration } from "../../../storage/migrations/migrate.js";

/** The tables of what the wire has beyond the seed, as `tables.ts` describes them. */
export const extended: Migration = {
  number: 1,
  name: "extended",
  async up(ddl) {
    await tags(ddl);
    await policyRules(ddl);
    await ssoClients(ddl);
    await delegations(ddl);
  },
};

async function tags({ table, type }: Ddl): Promise<void> {
  await table("mcias_tags")
    .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addColumn("tag", type("text"), (c) => c.notNull())
    .addPrimaryKeyConstraint("mcias_tags_key", ["account_id", "tag"])
    .execute();
}

async function policyRules({ table, type }: Ddl): Promise<void> {
  await table("mcias_policy_rules")
    .addColumn("id", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("description", type("text"), (c) => c.notNull())
    .addColumn("priority", type("integer"), (c) => c.notNull())
    .addColumn("enabled", type("integer"), (c) => c.notNull().check(truth("enabled")))
    .addColumn("not_before", type("integer"))
    .addColumn("expires_at", type("integer"))
    .addColumn("condition", type("text"), (c) => c.notNull())
    .addColumn("created_at", type("integer"), (c) => c.notNull())
    .addColumn("updated_at", type("integer"), (c) => c.notNull())
    .execute();
}

async function ssoClients({ table, type }: Ddl): Promise<void> {
  await table("mcias_sso_clients")
    .addColumn("client_id", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("redirect_uri", type("text"), (c) => c.notNull())
    .addColumn("service_name", type("text"), (c) => c.notNull())
    .addColumn("tags", type("text"), (c) => c.notNull())
    .addColumn("enabled", type("integer"), (c) => c.notNull().check(truth("enabled")))
    .addColumn("created_at", type("integer"), (c) => c.notNull())
    .addColumn("updated_at", type("integer"), (c) => c.notNull())
    .execute();
}

async function delegations({ db, table, type }: Ddl): Promise<void> {
  await table("mcias_delegations")
    .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addColumn("delegate_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addColumn("permission", type("text"), (c) =>
      c.notNull().check(oneOf("permission", ["token_issue", "pgcreds_read"])),
    )
    .addPrimaryKeyConstraint("mcias_delegations_key", ["account_id", "delegate_id", "permission"])
    .execute();
  await db.schema
    .createIndex("mcias_delegations_by_delegate")
    .on("mcias_delegations")
    .columns(["delegate_id", "permission"])
    .execute();
}
