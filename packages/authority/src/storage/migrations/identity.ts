import { identity } from "./0001_identity.js";
import { keysAndSeals } from "./0002_keys_and_seals.js";
import { webauthn } from "./0003_webauthn.js";
import type { MigrationSet } from "./migrate.js";

/** The schema of the identity core, step by step. It comes before every wire's own. */
export const identityMigrations: MigrationSet = { set: "identity", migrations: [identity, keysAndSeals, webauthn] };
