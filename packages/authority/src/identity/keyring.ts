import type { Clock } from "@cardea/core";
import type { Origin } from "./audit.js";
import { rotateKey, withdrawOver, type KeyDeps, type TokenKeyLine } from "./signing-key-states.js";
import { openSigningKeys, type SigningKeys } from "./signing-keys.js";

/** All lines of keys that a running authority signs tokens with. */
export interface Keyring {
  /** The keys of a line, made on first need. They follow every change from then on. */
  open(line: TokenKeyLine): Promise<SigningKeys>;
  /** Takes over what another process has changed. Cheap: to be called every few seconds. */
  refresh(): Promise<void>;
  /** Rotates what is due, and withdraws what nobody needs any more. */
  tend(): Promise<void>;
}

export interface KeyringDeps extends KeyDeps {
  readonly clock: Pick<Clock, "now">;
  /** The age at which an active key is followed by a new one, in milliseconds. */
  readonly rotateAfterMs: number | "off";
}

export function createKeyring(deps: KeyringDeps): Keyring {
  const { clock, rotateAfterMs } = deps;
  const opened: { readonly line: TokenKeyLine; readonly keys: SigningKeys }[] = [];

  async function refresh(): Promise<void> {
    for (const { keys } of opened) await keys.refresh();
  }

  return {
    async open(line) {
      const keys = await openSigningKeys(deps, { wire: line.wire, operation: "start" }, clock.now(), line);
      opened.push({ line, keys });
      return keys;
    },
    refresh,
    async tend() {
      const now = clock.now();
      for (const { line } of opened) {
        const origin: Origin = { wire: line.wire, operation: "housekeeping" };
        if (rotateAfterMs !== "off") await rotateKey(deps, origin, now, line, now - rotateAfterMs);
        await withdrawOver(deps, origin, now, line);
      }
      await refresh();
    },
  };
}
