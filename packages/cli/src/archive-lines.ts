import type { ArchiveSummary } from "@cardea/authority";

/** What was carried, as text for a person. */
export function archiveLines(title: string, { tables, rows, digest }: ArchiveSummary, more: string[] = []): string {
  const lines = [title, `  Rows     ${rows} in ${tables} tables`, `  SHA-256  ${digest}`, ...more];
  return `${lines.join("\n")}\n`;
}
