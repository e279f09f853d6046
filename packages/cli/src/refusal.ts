import { CardeaError } from "@cardea/core";
import { exitCodes } from "./command.js";
import { paintFor, type Terminal } from "./terminal.js";
import { UsageError } from "./usage.js";

/**
 * Says in a sentence what went wrong and what to do. With `CARDEA_DEBUG=1` the stack follows.
 *
 * @returns the exit code
 */
export function report(error: unknown, { stderr, env }: Pick<Terminal, "stderr" | "env">): number {
  const paint = paintFor(stderr, env);
  stderr.write(`${paint.red("cardea:")} ${sentences(error)}\n`);
  if (env["CARDEA_DEBUG"] === "1" && error instanceof Error) stderr.write(`${error.stack ?? ""}\n`);
  return error instanceof UsageError ? exitCodes.wrongUsage : exitCodes.refused;
}

function sentences(error: unknown): string {
  if (error instanceof CardeaError) {
    return [error.message, error.help]
      .filter((part) => part !== undefined)
      .map(closed)
      .join(" ");
  }
  // Messages of the operating system name an operation and a path. Those of other libraries may quote what they read.
  const told = isSystemError(error) ? error.message : error instanceof Error ? error.name : typeof error;
  return `it stopped at something unexpected: ${closed(told)} Set CARDEA_DEBUG=1 to see where.`;
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

function closed(sentence: string): string {
  return /[.!?:]$|--help$/.test(sentence) ? sentence : `${sentence}.`;
}
