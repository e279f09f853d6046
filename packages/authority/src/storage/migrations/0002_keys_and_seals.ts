import { sql } from "kysely";
import type { Ddl } from "./ddl.js";
import type { Migration } from "./migrate.js";

/** What the rotation of signing keys and the chain of audit seals need. */
export const keysAndSeals: Migration = {
  number: 2,
  name: "keys and seals",
  async up(ddl) {
    await oneActiveKey(ddl);
    await auditSeals(ddl);
  },
};

/** Of two processes that make a key at once, the database lets one win. */
async function oneActiveKey({ db }: Ddl): Promise<void> {
  await db.schema
    .createIndex("signing_keys_active")
    .on("signing_keys")
    .columns(["wire", "algorithm"])
    .unique()
    .where(sql.ref("state"), "=", sql.lit("active"))
    .execute();
}

async function auditSeals({ table, type, appendOnly }: Ddl): Promise<void> {
  await table("audit_seals")
    // Counted by the sealer: two that seal at once want the same number, and one of them gets it.
    .addColumn("number", type("integer"), (c) => c.notNull().primaryKey())
    .addColumn("first_id", type("integer"), (c) => c.notNull())
    .addColumn("last_id", type("integer"), (c) => c.notNull())
    .addColumn("count", type("integer"), (c) => c.notNull())
    .addColumn("ids", type("text"), (c) => c.notNull())
    .addColumn("sealed_at", type("integer"), (c) => c.notNull())
    .addColumn("previous", type("text"), (c) => c.notNull())
    .addColumn("digest", type("text"), (c) => c.notNull())
    .addColumn("kid", type("text"), (c) => c.notNull())
    .addColumn("signature", type("text"), (c) => c.notNull())
    .execute();
  await appendOnly("audit_seals");
}
