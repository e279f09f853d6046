import type { AuditEntry, AuditReport } from "@cardea/authority";
import { command, exitCodes } from "../command.js";
import { paintFor, type Paint } from "../terminal.js";

export const auditList = command({
  summary: "Print events of the audit log.",
  about: [
    "Prints the newest events, oldest of them first: number, time, what happened, through which door, who did it to whom, " +
      "from where. It can be asked while an authority runs, and of a copy of a database.",
  ],
  options: ["data", "database", "since", "limit", "json"],
  async run({ data, json = false, ...given }, { stdout }) {
    const { listAuditEvents } = await import("@cardea/authority");
    const events = await listAuditEvents({ ...given, dataFolder: data });
    stdout.write(events.map((event) => `${json ? JSON.stringify(event) : eventLine(event)}\n`).join(""));
    return exitCodes.done;
  },
});

/** An event on one line. What it holds may come from strangers: as JSON no sign of it reaches the terminal as a command. */
function eventLine({ id, at, type, wire, operation, actor, target, address, details }: AuditEntry): string {
  const facts = { ...(actor !== undefined && { by: actor }), ...(target !== undefined && { to: target }) };
  const more = { ...facts, ...(address !== undefined && { from: address }), ...details };
  const head = [String(id).padStart(6), new Date(at).toISOString(), type, `${wire} ${operation}`];
  return [...head, ...Object.entries(more).map(([name, value]) => `${name}=${shown(value)}`)].join("  ");
}

function shown(value: unknown): string {
  return typeof value === "string" && /^[\w.:@-]+$/.test(value) ? value : JSON.stringify(value);
}

export const auditKey = command({
  summary: "Print the public key that the audit log is verified with.",
  about: [
    "Prints the audit key's public half as a JWK. Keep it where nobody who can write to the database can write, and give " +
      "it to: cardea audit verify --key FILE",
  ],
  options: ["data", "database"],
  async run({ data, ...location }, { stdout }) {
    const authority = await import("@cardea/authority");
    stdout.write(`${JSON.stringify(await authority.auditKey({ ...location, dataFolder: data }))}\n`);
    return exitCodes.done;
  },
});

export const auditVerify = command({
  summary: "Find out whether the audit log was tampered with.",
  about: [
    "Goes through the whole audit log and finds events and seals that were changed, dropped, added or moved since they " +
      "were sealed. It needs no authority: a stopped database or a copy will do, and nothing is written.",
    "Events are sealed within a minute, and when the authority stops. The end of the log can be cut off unseen, unless " +
      "you give the head that an earlier run has printed. Ends with 1 where anything is wrong.",
  ],
  options: ["data", "database", "key", "head", "json"],
  async run({ data, json = false, key, ...given }, { stdout, env }) {
    const { verifyAuditLog } = await import("@cardea/authority");
    const options = { ...given, dataFolder: data, ...(key !== undefined && { keyFile: key }) };
    const report = await verifyAuditLog(options);
    const paint = paintFor(stdout, env);
    stdout.write(json ? `${JSON.stringify(report)}\n` : `${verdict(report, paint).join("\n")}\n`);
    return report.findings.length > 0 || report.seals === 0 ? exitCodes.refused : exitCodes.done;
  },
});

function verdict(report: AuditReport, { red, green, dim }: Paint): string[] {
  const { findings, seals, provenEvents, unsealed, head, keyFrom } = report;
  const size = `${number(provenEvents, "event")} under ${number(seals, "seal")}`;
  const [first, ...lines] =
    findings.length > 0
      ? [red("The audit log is not as it was sealed."), ...findings.map(({ text }) => `  ${text}`)]
      : seals === 0
        ? [red("There is no seal, so nothing is proved.")]
        : [green(`The audit log is whole: ${size}.`)];
  return [
    first ?? "",
    ...lines,
    ...(findings.length > 0 ? [`As they were: ${size}.`] : []),
    ...(unsealed === undefined ? [] : [`Not proved: events ${unsealed}, which no seal covers.`]),
    ...(keyFrom === "database" && seals > 0
      ? ["Not proved: who has sealed it, since the key is the database's own. Give --key FILE."]
      : []),
    ...(head === undefined ? [] : [dim(`Head: ${head.number}:${head.digest}`)]),
  ];
}

function number(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
