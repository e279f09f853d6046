import { oneOf, truth, type Ddl } from "./ddl.js";
import type { Migration } from "./migrate.js";

/** The identity core's tables as `schema.ts` describes them. */
export const identity: Migration = {
  number: 1,
  name: "identity",
  async up(ddl) {
    await accounts(ddl);
    await names(ddl);
    await credentials(ddl);
    await tokensAndKeys(ddl);
    await ledgers(ddl);
  },
};

async function accounts({ table, type }: Ddl): Promise<void> {
  await table("accounts")
    .addColumn("id", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("kind", type("text"), (c) => c.notNull().check(oneOf("kind", ["human", "system"])))
    .addColumn("status", type("text"), (c) => c.notNull().check(oneOf("status", ["active", "inactive", "deleted"])))
    .addColumn("created_at", type("integer"), (c) => c.notNull())
    .addColumn("updated_at", type("integer"), (c) => c.notNull())
    .execute();
}

async function names({ db, table, type }: Ddl): Promise<void> {
  await table("identifiers")
    .addColumn("kind", type("text"), (c) => c.notNull().check(oneOf("kind", ["username", "email", "phone", "handle"])))
    .addColumn("value", type("text"), (c) => c.notNull())
    .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addPrimaryKeyConstraint("identifiers_key", ["kind", "value"])
    .execute();
  await db.schema.createIndex("identifiers_by_account").on("identifiers").columns(["account_id", "kind"]).execute();

  await table("subjects")
    .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addColumn("wire", type("text"), (c) => c.notNull())
    .addColumn("scope", type("text"), (c) => c.notNull())
    .addColumn("subject", type("text"), (c) => c.notNull())
    .addPrimaryKeyConstraint("subjects_key", ["wire", "scope", "subject"])
    .execute();
  await db.schema.createIndex("subjects_by_account").on("subjects").columns(["account_id", "wire"]).execute();
}

async function credentials({ db, table, type }: Ddl): Promise<void> {
  await table("passwords")
    .addColumn("account_id", type("text"), (c) => c.notNull().primaryKey().references("accounts.id"))
    .addColumn("phc", type("text"), (c) => c.notNull())
    .addColumn("changed_at", type("integer"), (c) => c.notNull())
    .execute();

  await table("factors")
    .addColumn("id", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addColumn("kind", type("text"), (c) => c.notNull().check(oneOf("kind", ["totp"])))
    .addColumn("secret", type("bytes"), (c) => c.notNull())
    .addColumn("enabled", type("integer"), (c) => c.notNull().check(truth("enabled")))
    .addColumn("last_step", type("integer"), (c) => c.notNull())
    .addColumn("created_at", type("integer"), (c) => c.notNull())
    .execute();
  await db.schema.createIndex("factors_by_account").on("factors").column("account_id").execute();

  await table("account_roles")
    .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addColumn("role", type("text"), (c) => c.notNull())
    .addPrimaryKeyConstraint("account_roles_key", ["account_id", "role"])
    .execute();
  await db.schema.createIndex("account_roles_by_role").on("account_roles").column("role").execute();

  await table("database_credentials")
    .addColumn("account_id", type("text"), (c) => c.notNull().primaryKey().references("accounts.id"))
    .addColumn("sealed", type("bytes"), (c) => c.notNull())
    .addColumn("updated_at", type("integer"), (c) => c.notNull())
    .execute();
}

async function tokensAndKeys({ db, table, type }: Ddl): Promise<void> {
  await table("issued_tokens")
    .addColumn("jti", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
    .addColumn("wire", type("text"), (c) => c.notNull())
    .addColumn("issuer", type("text"), (c) => c.notNull())
    .addColumn("issued_at", type("integer"), (c) => c.notNull())
    .addColumn("expires_at", type("integer"), (c) => c.notNull())
    .addColumn("revoked_at", type("integer"))
    .execute();
  await db.schema.createIndex("issued_tokens_by_account").on("issued_tokens").column("account_id").execute();
  await db.schema.createIndex("issued_tokens_by_expiry").on("issued_tokens").column("expires_at").execute();

  await table("signing_keys")
    .addColumn("kid", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("wire", type("text"), (c) => c.notNull())
    .addColumn("algorithm", type("text"), (c) => c.notNull())
    .addColumn("public_jwk", type("text"), (c) => c.notNull())
    .addColumn("private_key", type("bytes"), (c) => c.notNull())
    .addColumn("state", type("text"), (c) => c.notNull().check(oneOf("state", ["active", "retired", "withdrawn"])))
    .addColumn("created_at", type("integer"), (c) => c.notNull())
    .addColumn("retired_at", type("integer"))
    .execute();

  await table("data_keys")
    .addColumn("id", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("wrapped", type("bytes"), (c) => c.notNull())
    .addColumn("created_at", type("integer"), (c) => c.notNull())
    .execute();
}

async function ledgers({ db, table, type, counted, appendOnly }: Ddl): Promise<void> {
  await table("guesses")
    .addColumn("subject", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("failures", type("integer"), (c) => c.notNull())
    .addColumn("reserved", type("integer"), (c) => c.notNull())
    .addColumn("reserved_at", type("integer"), (c) => c.notNull())
    .addColumn("window_start", type("integer"), (c) => c.notNull())
    .addColumn("locked_until", type("integer"), (c) => c.notNull())
    .execute();
  await db.schema.createIndex("guesses_by_window").on("guesses").column("window_start").execute();

  await table("one_time")
    .addColumn("kind", type("text"), (c) => c.notNull())
    .addColumn("digest", type("text"), (c) => c.notNull())
    .addColumn("account_id", type("text"), (c) => c.references("accounts.id"))
    .addColumn("payload", type("text"), (c) => c.notNull())
    .addColumn("created_at", type("integer"), (c) => c.notNull())
    .addColumn("expires_at", type("integer"), (c) => c.notNull())
    .addColumn("consumed_at", type("integer"))
    .addPrimaryKeyConstraint("one_time_key", ["kind", "digest"])
    .execute();
  await db.schema.createIndex("one_time_by_expiry").on("one_time").column("expires_at").execute();

  // Without foreign keys: what happened stays written, whatever becomes of the accounts.
  await table("audit_events")
    .addColumn("id", type("integer"), counted)
    .addColumn("at", type("integer"), (c) => c.notNull())
    .addColumn("type", type("text"), (c) => c.notNull())
    .addColumn("wire", type("text"), (c) => c.notNull())
    .addColumn("operation", type("text"), (c) => c.notNull())
    .addColumn("actor_id", type("text"))
    .addColumn("target_id", type("text"))
    .addColumn("address", type("text"))
    .addColumn("request_id", type("text"))
    .addColumn("details", type("text"), (c) => c.notNull())
    .execute();
  await db.schema.createIndex("audit_events_by_time").on("audit_events").column("at").execute();
  await appendOnly("audit_events");

  await table("settings")
    .addColumn("name", type("text"), (c) => c.notNull().primaryKey())
    .addColumn("value", type("text"), (c) => c.notNull())
    .execute();
}
