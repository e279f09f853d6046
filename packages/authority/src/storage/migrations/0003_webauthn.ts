import type { Migration } from "./migrate.js";

/** The credentials of WebAuthn authenticators. */
export const webauthn: Migration = {
  number: 3,
  name: "webauthn",
  async up({ db, table, type }) {
    await table("passkeys")
      .addColumn("id", type("text"), (c) => c.notNull().primaryKey())
      .addColumn("account_id", type("text"), (c) => c.notNull().references("accounts.id"))
      .addColumn("credential_id", type("text"), (c) => c.notNull().unique())
      .addColumn("public_key", type("bytes"), (c) => c.notNull())
      .addColumn("counter", type("integer"), (c) => c.notNull())
      .addColumn("transports", type("text"), (c) => c.notNull())
      .addColumn("name", type("text"), (c) => c.notNull())
      .addColumn("created_at", type("integer"), (c) => c.notNull())
      .addColumn("last_used_at", type("integer"))
      .execute();
    await db.schema.createIndex("passkeys_by_account").on("passkeys").column("account_id").execute();
  },
};
