import type { MigrationSet } from "../../../storage/migrations/migrate.js";
import { extended } from "./0001_extended.js";

/** The schema of what only the MCIAS wire knows, step by step. */
export const mciasMigrations: MigrationSet = { set: "mcias", migrations: [extended] };
