import { CardeaError, type Clock } from "@cardea/core";
import type { Foundation } from "./foundation.js";
import type { Log } from "./front/log.js";
import { auditKeyLine } from "./identity/audit-chain.js";
import { createAuditSealer } from "./identity/audit-sealer.js";
import { keepHouse, sweep } from "./identity/housekeeping.js";
import type { Keyring } from "./identity/keyring.js";
import { openSigningKeys } from "./identity/signing-keys.js";

const secondMs = 1_000;
const minuteMs = 60 * secondMs;

/** What goes on beside the requests. */
export interface Care {
  /** Ends it, and seals what the audit log holds by then. Call it after the last request and before the database closes. */
  end(): Promise<void>;
}

/** Keeps keys, audit log and tables in order until the house is closed. A chore that fails is logged and tried again. */
export async function takeCare(deps: {
  readonly foundation: Foundation;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Care> {
  const { foundation, keyring, clock, log } = deps;
  const { account, network } = foundation.settings.guesses;
  const failed = (error: unknown) =>
    log.error("housekeeping_failed", { kind: error instanceof CardeaError ? error.code : "unknown" });

  const auditKeys = await openSigningKeys(
    foundation,
    { wire: auditKeyLine.wire, operation: "start" },
    clock.now(),
    auditKeyLine,
  );
  const sealer = createAuditSealer({ ...foundation, clock, keys: auditKeys });
  const endChores = keepHouse(
    clock,
    [
      sweep({ ...foundation, clock, guesses: network === "off" ? [account] : [account, network] }),
      // So late at most does a key die here that another process has withdrawn.
      { everyMs: 5 * secondMs, run: () => keyring.refresh() },
      { everyMs: 10 * minuteMs, run: () => keyring.tend() },
      { everyMs: minuteMs, run: () => sealer.seal() },
    ],
    failed,
  );
  return {
    async end() {
      await endChores();
      await sealer.seal().catch(failed);
    },
  };
}
