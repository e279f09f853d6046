/**
 * The archive of a house: JSON, a line a thing.
 *
 * ```
 * {"format":"cardea-house","version":1,"exportedAt":"2026-01-31T12:00:00.000Z","migrations":[{"set":...}]}
 * {"table":"accounts","columns":["created_at","id",...]}
 * [1769860800000,"0b7e...",...]
 * {"rows":1,"digest":"9f86..."}
 * ```
 *
 * A table whose key counts up says besides, as `last`, the highest number that it has given.
 *
 * Tables come in the order of their references and then of their names, columns by name, rows by primary key as the
 * bytes of UTF-8 compare. So the same house gives the same lines, whichever database it comes from, and the digest
 * says so. It covers the migrations and every line between the first and the last.
 */
import { createHash } from "node:crypto";
import type { ColumnKind } from "../storage/migrations/ddl.js";
import type { Step } from "../storage/migrations/migrate.js";

export const format = "cardea-house";
export const version = 1;

/** The first line. */
export interface Header {
  /** ISO 8601. */
  readonly exportedAt: string;
  /** What the schema of the database was made by. */
  readonly migrations: readonly Step[];
}

/** What an archive holds, in short. */
export interface ArchiveSummary {
  readonly tables: number;
  readonly rows: number;
  /** SHA-256, in hex. Two houses that hold the same have the same. */
  readonly digest: string;
}

export type CellValue = null | string | number | Uint8Array;

/** How a value of a column stands in an archive. */
export function encodeCell(value: CellValue): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value;
}

/** The value again. @returns undefined where it is none that such a column can hold */
export function decodeCell(cell: unknown, kind: ColumnKind): CellValue | undefined {
  if (cell === null) return null;
  if (kind === "text") return typeof cell === "string" ? cell : undefined;
  if (kind === "integer") return Number.isSafeInteger(cell) ? (cell as number) : undefined;
  const { base64 } = cell as { base64?: unknown };
  return typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined;
}

/** Counts and digests the lines that it is told of. */
export function summarise(migrations: readonly Step[]): {
  table(line: string): void;
  row(line: string): void;
  summary(): ArchiveSummary;
} {
  const steps = migrations.map(({ set, number, name }) => [set, number, name]);
  const hash = createHash("sha256").update(`${JSON.stringify([format, version, steps])}\n`);
  let [tables, rows] = [0, 0];
  return {
    table(line) {
      tables += 1;
      hash.update(`${line}\n`);
    },
    row(line) {
      rows += 1;
      hash.update(`${line}\n`);
    },
    summary: () => ({ tables, rows, digest: hash.copy().digest("hex") }),
  };
}
