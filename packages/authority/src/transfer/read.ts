import { createReadStream } from "node:fs";
import { codeOf } from "../keys/durable-file.js";
import type { Step } from "../storage/migrations/migrate.js";
import { ArchiveError } from "./archive-error.js";
import { format, summarise, version, type ArchiveSummary, type Header } from "./format.js";

/** What an archive says of a table before its rows. */
export interface Heading {
  readonly table: string;
  readonly columns: readonly string[];
  /** The highest number that its key has given, where that counts up. */
  readonly last?: number;
}

/** Told of what an archive holds, in its order. */
export interface Receiver {
  table(heading: Heading): Promise<void>;
  rows(heading: Heading, rows: readonly (readonly unknown[])[]): Promise<void>;
}

const nobody: Receiver = { table: async () => {}, rows: async () => {} };

/** Rows that are in memory at once, and that one statement inserts. */
const batchRows = 200;

/**
 * Reads an archive from its beginning to its end.
 *
 * @param receiver told of everything, which is known to be right only once this resolves
 * @throws ArchiveError `archive_damaged`, `archive_too_new`, `archive_unreadable`
 */
export async function readArchive(
  file: string,
  receiver: Receiver = nobody,
): Promise<{ readonly header: Header; readonly summary: ArchiveSummary }> {
  const lines = linesOf(file);
  const header = headerIn((await lines.next()).value ?? "");
  const seen = summarise(header.migrations);
  let heading: Heading | undefined;
  let waiting: unknown[][] = [];
  const flush = async () => {
    if (heading !== undefined && waiting.length > 0) await receiver.rows(heading, waiting);
    waiting = [];
  };
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const line = next.value;
    const value = parsed(line);
    if (Array.isArray(value)) {
      if (value.length !== heading?.columns.length) throw damaged();
      seen.row(line);
      waiting.push(value);
      if (waiting.length === batchRows) await flush();
      continue;
    }
    await flush();
    if ("digest" in value) {
      const summary = seen.summary();
      await requireEnd(lines, value, summary);
      return { header, summary };
    }
    heading = headingIn(value);
    seen.table(line);
    await receiver.table(heading);
  }
  throw new ArchiveError("archive_damaged", "the archive ends before its end: it was cut off");
}

async function requireEnd(
  lines: AsyncGenerator<string>,
  told: Readonly<Record<string, unknown>>,
  seen: ArchiveSummary,
): Promise<void> {
  if (told["digest"] !== seen.digest || told["rows"] !== seen.rows) {
    throw new ArchiveError("archive_damaged", "the archive does not have the digest that it states: it was changed");
  }
  if ((await lines.next()).done !== true) throw damaged();
}

function headerIn(line: string): Header {
  const value = parsed(line);
  if (Array.isArray(value) || value["format"] !== format) throw damaged();
  if (value["version"] !== version) {
    throw new ArchiveError("archive_too_new", "the archive has a form that this version of Cardea does not know");
  }
  const { exportedAt, migrations } = value;
  if (typeof exportedAt !== "string" || !Array.isArray(migrations) || !migrations.every(isStep)) throw damaged();
  return { exportedAt, migrations };
}

function headingIn({ table, columns, last }: Readonly<Record<string, unknown>>): Heading {
  if (typeof table !== "string" || !isTexts(columns)) throw damaged();
  if (last === undefined) return { table, columns };
  if (typeof last !== "number" || !Number.isSafeInteger(last)) throw damaged();
  return { table, columns, last };
}

function isStep(value: unknown): value is Step {
  if (typeof value !== "object" || value === null) return false;
  const { set, number, name } = value as Readonly<Record<string, unknown>>;
  return typeof set === "string" && Number.isSafeInteger(number) && typeof name === "string";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function parsed(line: string): unknown[] | Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // What the parser says quotes the line.
  }
  throw damaged();
}

/** Only "\n" ends a line: other signs that count as ends of lines may stand in a text. */
async function* linesOf(file: string): AsyncGenerator<string, undefined> {
  let rest = "";
  try {
    for await (const chunk of createReadStream(file, "utf8")) {
      const lines = (rest + (chunk as string)).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch (error) {
    if (codeOf(error) === undefined || error instanceof ArchiveError) throw error;
    throw new ArchiveError("archive_unreadable", `the archive ${file} cannot be read (${codeOf(error)})`);
  }
  if (rest !== "") throw new ArchiveError("archive_damaged", "the archive ends within a line: it was cut off");
  return undefined;
}

function damaged(): ArchiveError {
  return new ArchiveError("archive_damaged", "the file is no archive of a house, or was changed");
}
