import { join } from "node:path";

/** The engine that the authority itself uses; the built code, since it is no part of what the package offers. */
const provider = new URL("../../packages/authority/dist/storage/sqlite/provider.js", import.meta.url).href;

interface Engine {
  readonly DatabaseSync: new (path: string) => {
    prepare(sql: string): { all(): Record<string, unknown>[] };
    close(): void;
  };
}

/** What every moment must have. Each query finds the rows that have it not. */
const rules: Readonly<Record<string, string>> = {
  "an account has not exactly one name": `
    select accounts.id from accounts left join identifiers on account_id = accounts.id and identifiers.kind = 'username'
    group by accounts.id having count(value) <> 1`,
  "an account has not exactly one subject": `
    select accounts.id from accounts left join subjects on account_id = accounts.id and wire = 'mcias'
    group by accounts.id having count(subject) <> 1`,
  "a system account has an old and a new token at once": `
    select account_id from issued_tokens join accounts on accounts.id = account_id
    where accounts.kind = 'system' and revoked_at is null group by account_id having count(*) > 1`,
  "a renewal has ended a token and made none": `
    select account_id from issued_tokens join accounts on accounts.id = account_id
    where accounts.kind = 'system' group by account_id having count(*) - count(revoked_at) <> 1`,
};

/** Looks into the data file of a running authority. @returns what is damaged, or done by half */
export async function damageOf(folder: string): Promise<string[]> {
  const { loadEngine } = (await import(provider)) as { loadEngine(): Promise<Engine> };
  const { DatabaseSync } = await loadEngine();
  const database = new DatabaseSync(join(folder, "data", "cardea.db"));
  try {
    const found = database
      .prepare("pragma integrity_check")
      .all()
      .map((row) => String(row["integrity_check"]));
    const broken = Object.entries(rules).filter(([, sql]) => database.prepare(sql).all().length > 0);
    return [...found.filter((line) => line !== "ok"), ...broken.map(([rule]) => rule)];
  } finally {
    database.close();
  }
}
