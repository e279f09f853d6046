import { DecodeError } from "../errors.js";
import type { HttpReply } from "../http.js";
import { refusalFrom } from "./failures.js";
import type { Operation, Target } from "./operation.js";
import { read, type Mismatch } from "./read.js";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the reply of an operation.
 *
 * @throws RefusedError for a status that is not one of the operation's successes
 * @throws DecodeError where a successful reply breaks the contract
 */
export function decodeReply(op: Operation<never, unknown>, reply: HttpReply, target: Target): unknown {
  const { reply: part, cases, envelope } = op.wired;
  if (reply.status < 200 || reply.status > 299) throw refusalFrom(reply, cases, envelope);

  const broken = (mismatch: Mismatch): DecodeError =>
    new DecodeError(op.route, mismatch.path, mismatch.expected, reply.status);
  if (reply.status !== part.status && !part.tolerates.includes(reply.status)) {
    throw broken({ path: "status", expected: String(part.status) });
  }
  if (part.schema === undefined) {
    if (isNothing(reply)) return undefined;
    throw broken({ path: "", expected: "no body" });
  }

  if (reply.truncated === true) {
    throw broken({ path: "", expected: `at most ${op.wired.limits.success} bytes` });
  }
  if (!/^application\/json\s*(;|$)/i.test(reply.headers["content-type"] ?? "")) {
    throw broken({ path: "content-type", expected: "application/json" });
  }
  const value = jsonFrom(reply.body);
  if (value === undefined) throw broken({ path: "", expected: "JSON" });

  const ignored = target.decoding === "lenient" ? (target.ignored ?? (() => undefined)) : undefined;
  const first = read(part.schema, value, ignored);
  if ("value" in first) return first.value;
  for (const hedge of part.hedges) {
    const other = read(hedge.schema, value, ignored);
    if ("value" in other) return hedge.adapt(other.value);
  }
  throw broken(first.mismatch);
}

/** What a reply without a body may hold when a foreign server answers: nothing, blanks, or an empty object. */
function isNothing(reply: HttpReply): boolean {
  return (
    reply.truncated !== true &&
    reply.body.length <= 64 &&
    /^\s*(\{\s*\})?\s*$/.test(new TextDecoder().decode(reply.body))
  );
}

function jsonFrom(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    return undefined;
  }
}
