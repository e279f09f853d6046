import { resolve } from "node:path";
import { isDatabaseUrl } from "./database.js";

/** What a value may be: how it is read, and what is said of one that cannot be. */
const kinds = {
  text: { read: (text: string) => text, expected: "a value" },
  path: { read: (text: string, cwd: string) => resolve(cwd, text), expected: "a value" },
  database: {
    read: (text: string, cwd: string) => (isDatabaseUrl(text) ? text : resolve(cwd, text)),
    expected: "a value",
  },
  port: {
    read: (text: string) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
    expected: "a number from 0 to 65535",
  },
  count: {
    read: (text: string) => (/^[1-9]\d{0,6}$/.test(text) ? Number(text) : undefined),
    expected: "a number from 1 to 9999999",
  },
  time: { read: timeFrom, expected: "a date or a time, such as 2031-01-31T09:00:00Z" },
  head: { read: headFrom, expected: "the head that an earlier run has printed" },
} as const;

/** In milliseconds since the epoch. A time has its zone with it. */
function timeFrom(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function headFrom(text: string): { readonly number: number; readonly digest: string } | undefined {
  const [, number, digest] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  return number === undefined || digest === undefined ? undefined : { number: Number(number), digest };
}

type Kind = keyof typeof kinds;

/** An option, for parsing and for the help alike. */
export interface OptionRow {
  /** Absent: a flag, which is there or not. */
  readonly kind?: Kind;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** As one would type it. */
  readonly default?: string;
  /** May be given again: all of them count. */
  readonly repeatable?: boolean;
  /** Accepted, and without effect in this version: why. Such an option is not in the help. */
  readonly idle?: string;
}

/** Every option of every command, by its name in code: `tlsCert` is `--tls-cert`. */
export const options = {
  data: {
    kind: "path",
    value: "DIR",
    help: "Folder for the database, the master key and the local CA. Made if it does not exist.",
    default: "./cardea-data",
  },
  database: {
    kind: "database",
    value: "WHERE",
    help: "File of the embedded database, where it is not cardea.db in the data folder; or postgres://USER@HOST/NAME.",
  },
  house: {
    kind: "path",
    value: "FILE",
    help: "House file: the accounts and settings to start with. Applied before anybody is answered.",
  },
  host: { kind: "text", value: "ADDRESS", help: "Address to listen on.", default: "127.0.0.1" },
  port: { kind: "port", value: "PORT", help: "Port of the TLS listener. 0 takes a free one.", default: "8443" },
  grpcPort: { kind: "port", value: "PORT", help: "Port of the gRPC listener.", idle: "no gRPC wire is served yet" },
  httpPort: {
    kind: "port",
    value: "PORT",
    help: "Listen on plain HTTP too, on loopback only. MCIAS is never served there: only /healthz and /readyz are.",
  },
  publicUrl: {
    kind: "text",
    value: "URL",
    help: "How the world reaches the authority. Goes into every token and link. By default its own address.",
  },
  tlsCert: {
    kind: "path",
    value: "FILE",
    help: "Certificate of your own in PEM form, in place of the local CA's. With --tls-key.",
  },
  tlsKey: { kind: "path", value: "FILE", help: "The private key that belongs to --tls-cert." },
  readyFile: {
    kind: "path",
    value: "FILE",
    help: "Written when every listener answers, removed on stop: process id, CA, URLs.",
  },
  trustedProxy: {
    kind: "text",
    value: "CIDR",
    help: "A proxy whose X-Forwarded-For is believed.",
    repeatable: true,
  },
  outbox: { kind: "path", value: "DIR", help: "Folder for messages to people.", idle: "nothing is sent to people yet" },
  credentialsOut: {
    kind: "path",
    value: "FILE",
    help: "Where secrets that the house file wants generated are written, once, for your eyes only.",
  },
  archive: { kind: "path", value: "FILE", help: "The file with the exported house." },
  verify: { help: "Read the file and say whether it is whole, and write nothing." },
  dryRun: { help: "Tell what would change, and change nothing." },
  keep: { help: "Keep the folder with the data, to look at it or to go on from there." },
  json: { help: "Print JSON, for programs." },
  url: { kind: "text", value: "URL", help: "The server, with the path that the wire is mounted under." },
  ca: { kind: "path", value: "FILE", help: "Its CA in PEM form, where the machine does not trust it already." },
  credentials: { kind: "path", value: "FILE", help: "Who may be acted as, as JSON." },
  profile: { kind: "text", value: "NAME", help: "What the server is set to: seed or extended.", default: "seed" },
  slow: { help: "Run what waits for minutes too." },
  kid: { kind: "text", value: "KID", help: "Id of the key, as keys list prints it." },
  reseal: { help: "Make a new data key too, and seal every value in the database anew." },
  since: { kind: "time", value: "TIME", help: "Only what happened then or later: a date, or a time with its zone." },
  limit: { kind: "count", value: "COUNT", help: "How many events at most.", default: "50" },
  key: { kind: "path", value: "FILE", help: "The audit key, as audit key has printed it." },
  head: {
    kind: "head",
    value: "HEAD",
    help: "The head that an earlier run has printed: proves that nothing before it was cut off.",
  },
} as const satisfies Readonly<Record<string, OptionRow>>;

export type OptionName = keyof typeof options;

type Row<Name extends OptionName> = (typeof options)[Name];
type Value<Name extends OptionName> =
  Row<Name> extends { readonly kind: infer K extends Kind } ? NonNullable<ReturnType<(typeof kinds)[K]["read"]>> : true;

/** Names that always have a value. */
type Settled<Name extends OptionName> = {
  [N in Name]: Row<N> extends { readonly default: string } | { readonly repeatable: true } ? N : never;
}[Name];

/** What was said on the command line: with defaults, paths absolute, and without what was not said. */
export type Given<Name extends OptionName> = {
  readonly [N in Settled<Name>]: Row<N> extends { readonly repeatable: true } ? readonly Value<N>[] : Value<N>;
} & { readonly [N in Exclude<Name, Settled<Name>>]?: Value<N> };

/** `tlsCert` as it is typed: `tls-cert`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The value as the command wants it. @returns what was expected, where it is something else */
export function readValue(
  { kind }: OptionRow,
  text: string,
  cwd: string,
): { readonly value: unknown } | { readonly expected: string } {
  if (kind === undefined) return { value: true };
  const read = text === "" ? undefined : kinds[kind].read(text, cwd);
  return read === undefined ? { expected: kinds[kind].expected } : { value: read };
}
