import type { Clock } from "@cardea/core";
import type { Outbound } from "./exchange.js";
import { refusal } from "./refusals.js";

/** Whether requests can be served, and if not, what is waited for. */
export interface Readiness {
  readonly ok: boolean;
  /** A word or two for the operator, such as `storage`. */
  readonly waitingFor?: string;
}

/** How long the answer to `/readyz` waits for the storage, in milliseconds. */
const patienceMs = 5_000;

/** Answers what a supervisor asks; undefined where the path is another. */
export type Probes = (method: string, path: string) => Promise<Outbound | undefined>;

/** `/healthz` says that the process lives, `/readyz` that it can serve. They differ while it starts. */
export function createProbes(ready: () => Promise<Readiness>, clock: Clock): Probes {
  const answers: Readonly<Record<string, () => Promise<Outbound>>> = {
    "/healthz": () => Promise.resolve(told(200, { status: "ok" })),
    "/readyz": async () => {
      const { ok, waitingFor } = await readiness(ready, clock);
      if (ok) return told(200, { status: "ready" });
      return told(503, { status: "not_ready", ...(waitingFor !== undefined && { waiting_for: waitingFor }) });
    },
  };
  return async (method, path) => {
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (answer === undefined) return undefined;
    if (method !== "GET") {
      return refusal(405, "method_not_allowed", "method not allowed", { headers: { allow: "GET, HEAD" } });
    }
    return answer();
  };
}

/** A storage that fails or hangs is one that is not ready. */
async function readiness(ready: () => Promise<Readiness>, clock: Clock): Promise<Readiness> {
  const late = { ok: false, waitingFor: "an answer" };
  return new Promise((resolve) => {
    const cancel = clock.after(patienceMs, () => resolve(late));
    const settle = (found: Readiness) => {
      cancel();
      resolve(found);
    };
    ready().then(settle, () => settle({ ok: false, waitingFor: "storage" }));
  });
}

function told(status: number, body: object): Outbound {
  return {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...(status === 503 && { "retry-after": "1" }),
    },
    body: JSON.stringify(body),
  };
}
