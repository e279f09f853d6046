import { CardeaError, type Clock } from "@cardea/core";

/** Plain values only, so that no request, error or account slips in whole. Never a secret, a header, a body or a query. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the authority tells its operator what happens. No method ever throws. */
export interface Log {
  info(event: string, facts?: LogFacts): void;
  warn(event: string, facts?: LogFacts): void;
  error(event: string, facts?: LogFacts): void;
}

/** Tells nobody. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** How a log of JSON lines is made. */
export interface JsonLogOptions {
  readonly clock: Clock;
  /** The least that is written. Default `info`. */
  readonly level?: "info" | "warn" | "error";
  /** A file descriptor or the path of a file. Default 2, which is standard error. */
  readonly destination?: number | string;
}

/** One JSON object a line, with `level`, `time` and `event`, written before the call returns. */
export async function jsonLog(options: JsonLogOptions): Promise<Log> {
  const { pino } = await import("pino");
  const destination = pino.destination({ dest: options.destination ?? 2, sync: true });
  // A full disk or a closed pipe is no reason to stop serving.
  destination.on("error", () => undefined);
  const logger = pino(
    {
      level: options.level ?? "info",
      base: null,
      messageKey: "event",
      formatters: { level: (level) => ({ level }) },
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
    },
    destination,
  );
  const write =
    (level: "info" | "warn" | "error") =>
    (event: string, facts: LogFacts = {}): void => {
      try {
        logger[level](facts, event);
      } catch {
        // What cannot be logged is lost: the request goes on.
      }
    };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}

/**
 * What a log may tell of an error. Messages of our own errors hold no secrets; those of others quote what they were
 * given, so only name, code and place are taken.
 */
export function errorFacts(thrown: unknown): LogFacts {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const code: unknown = (thrown as { readonly code?: unknown }).code;
  return {
    error: thrown.name,
    code: typeof code === "string" ? code : undefined,
    message: thrown instanceof CardeaError ? thrown.message : undefined,
    cause: thrown.cause instanceof Error ? thrown.cause.name : undefined,
    stack: framesOf(thrown),
  };
}

function framesOf(error: Error): string {
  return (error.stack ?? "")
    .split("\n")
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, 12)
    .map((line) => line.trim())
    .join("\n");
}
