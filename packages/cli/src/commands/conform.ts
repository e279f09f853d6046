import { readFile } from "node:fs/promises";
import type { ConformOptions, Report, RowReport } from "@cardea/conformance";
import { InputError } from "@cardea/core";
import { command, exitCodes } from "../command.js";
import { paintFor, type Output, type Paint } from "../terminal.js";
import { UsageError } from "../usage.js";

const name = "conform mcias";

export const conformMcias = command({
  summary: "Check any MCIAS server against the wire document.",
  about: [
    "Sends a server what the wire document's conformance list asks for, over TLS, and compares what comes back. Without " +
      "credentials only those rows run that need no account.",
    'The credentials file is JSON: { "administrator": { "username", "password", "totpSecret"? }, "totp"?: { "username", ' +
      '"password", "secret" } }, the second being an account of no importance with a second factor. Every account that ' +
      "a row makes is deleted again; its name stays taken. Ends with 1 where anything failed.",
  ],
  options: ["url", "ca", "credentials", "profile", "slow", "json"],
  async run({ url, ca, credentials, profile, slow = false, json = false }, { stdout, env, signal }) {
    if (url === undefined) throw new UsageError(`"${name}" wants --url`, name);
    if (!isProfile(profile)) throw new UsageError("--profile is seed or extended", name);
    const { conform, parseCredentials } = await import("@cardea/conformance");
    const lines = reportLines(paintFor(stdout, env));
    const report = await conform({
      wire: "mcias",
      url,
      profile,
      slow,
      signal,
      ...(ca !== undefined && { ca: await textOf(ca, "CA") }),
      ...(credentials !== undefined && { credentials: parseCredentials(await textOf(credentials, "credentials")) }),
      ...(!json && { report: (row: RowReport) => print(stdout, lines.of(row)) }),
    });
    if (json) stdout.write(`${JSON.stringify(report)}\n`);
    else print(stdout, lines.closing(report));
    return report.failed === 0 && !signal.aborted ? exitCodes.done : exitCodes.refused;
  },
});

function isProfile(text: string): text is NonNullable<ConformOptions["profile"]> {
  return text === "seed" || text === "extended";
}

async function textOf(path: string, what: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`the ${what} file cannot be read (${error.code ?? error.name})`, `Looked for it at ${path}`);
  });
}

function print(stdout: Output, lines: readonly string[]): void {
  if (lines.length > 0) stdout.write(`${lines.join("\n")}\n`);
}

/** The report as lines for a person, as it comes. Rows of a section that are skipped for the same reason are one line. */
function reportLines(paint: Paint) {
  let section: string | undefined;
  let skipped = new Map<string, number>();

  const endOfSection = (): string[] => {
    const lines = [...skipped].map(([reason, count]) =>
      paint.dim(`   -  ${count} ${count === 1 ? "row" : "rows"} skipped: ${reason}`),
    );
    skipped = new Map();
    return lines;
  };

  return {
    of(row: RowReport): string[] {
      const heading = row.section === section ? [] : [...endOfSection(), "", paint.bold(row.section)];
      section = row.section;
      return [...heading, ...rowLines(row)];
    },
    closing(report: Report): string[] {
      return [...endOfSection(), "", ...summary(report, paint)];
    },
  };

  function rowLines({ item, title, detail }: RowReport): string[] {
    const number = paint.dim(String(item).padStart(4));
    if (detail === undefined) return [`${number}  ${paint.green("ok")}    ${title}`];
    if ("reason" in detail) {
      skipped.set(detail.reason, (skipped.get(detail.reason) ?? 0) + 1);
      return [];
    }
    return [
      `${number}  ${paint.red("FAILS")} ${title}`,
      `      ${paint.dim(detail.at)}`,
      `      expected  ${detail.expected}`,
      `      got       ${detail.got}`,
    ];
  }
}

function summary({ url, passed, failed, skipped, leftBehind }: Report, paint: Paint): string[] {
  const verdict =
    failed > 0
      ? paint.red(`${failed} of ${passed + failed} rows failed`)
      : paint.green(passed === 1 ? "the one row passed" : `all ${passed} rows passed`);
  return [
    `${url}: ${verdict}${skipped > 0 ? `, ${skipped} skipped` : ""}.`,
    ...(leftBehind.length > 0 ? [`Accounts that could not be deleted: ${leftBehind.join(", ")}`] : []),
  ];
}
