import { CardeaError } from "@cardea/core";
import { record, type Origin } from "../identity/audit.js";
import type { Tx } from "../storage/storage.js";
import { applyAccounts } from "./accounts.js";
import { writeCredentials } from "./credentials.js";
import type { House } from "./load.js";
import { prepare, type ApplyDeps, type Preparation } from "./prepare.js";
import { storeSetting } from "./settings.js";

export type { ApplyDeps } from "./prepare.js";

export interface ApplyOptions {
  /** Tells what would happen, and does nothing. */
  readonly dryRun?: boolean;
  /** Where generated secrets are written. */
  readonly credentialsOut?: string;
}

/** What applying a house did, in sentences. */
export interface HouseReport {
  /** `created account alice (human, role user)` */
  readonly changes: readonly string[];
  /** Accounts and settings that were as the file says. */
  readonly unchanged: number;
  /** Sections of wires that this version does not serve. */
  readonly notServed: readonly string[];
  readonly warnings: readonly string[];
  /** Secrets were generated, and stand in the credentials file. */
  readonly generated: boolean;
}

const origin: Origin = { wire: "operator", operation: "apply" };

/**
 * Makes a house what its file says: all of it or, where anything is refused, nothing. Applied again it changes nothing.
 *
 * Generated secrets are on the disk before the unit that needs them, so that no crash loses one. A file without a
 * section leaves what an earlier one said of it.
 *
 * @throws CardeaError `house_conflict`, `last_administrator`, `credentials_missing` where something is to be generated
 * and there is no file for it, `credentials_unwritable`, `busy`
 */
export async function applyHouse(deps: ApplyDeps, house: House, options: ApplyOptions = {}): Promise<HouseReport> {
  const { dryRun = false, credentialsOut } = options;
  const preparation = await prepare(deps, house, dryRun);
  const names = Object.keys(preparation.generated.accounts);
  if (names.length > 0 && credentialsOut === undefined) throw nowhereToWrite(house, names);

  const report = (outcome: Outcome): HouseReport => ({
    ...outcome,
    notServed: house.notServed,
    warnings: house.warnings,
    generated: names.length > 0,
  });
  if (dryRun) return report(await rehearse(deps, house, preparation));
  if (names.length === 0 || credentialsOut === undefined) {
    return report(await deps.storage.unit((tx) => applyIn(tx, deps, house, preparation)));
  }
  const withdraw = await writeCredentials(credentialsOut, preparation.generated);
  let decided = false;
  try {
    const outcome = await deps.storage.unit(async (tx) => {
      // A unit may run again.
      decided = false;
      const done = await applyIn(tx, deps, house, preparation);
      decided = true;
      return done;
    });
    return report(outcome);
  } catch (error) {
    // Once all is decided, a failure leaves open whether it was stored: then the secrets stay.
    if (!decided) await withdraw();
    throw error;
  }
}

type Outcome = Pick<HouseReport, "changes" | "unchanged">;

async function applyIn(tx: Tx, deps: ApplyDeps, house: House, preparation: Preparation): Promise<Outcome> {
  const now = deps.clock.now();
  const outcomes = [...(await applyAccounts({ ...deps, tx, origin, now }, preparation.accounts))];
  for (const [key, setting] of Object.entries(house.settings)) {
    outcomes.push((await storeSetting(tx, key, setting)) ? [`stored the settings of ${key}`] : []);
  }
  const changes = outcomes.flat();
  if (changes.length > 0)
    await record(tx, origin, now, { type: "house_applied", details: { changes: changes.length } });
  return { changes, unchanged: outcomes.filter((outcome) => outcome.length === 0).length };
}

/** Applies, and undoes it all by leaving the unit with a throw. */
async function rehearse(deps: ApplyDeps, house: House, preparation: Preparation): Promise<Outcome> {
  try {
    return await deps.storage.unit(async (tx) => {
      throw new Rehearsed(await applyIn(tx, deps, house, preparation));
    });
  } catch (error) {
    if (error instanceof Rehearsed) return error.outcome;
    throw error;
  }
}

class Rehearsed extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super("a dry run ends here");
    this.outcome = outcome;
  }
}

function nowhereToWrite(house: House, names: readonly string[]): CardeaError {
  return new CardeaError(
    `${house.name}: secrets of ${names.join(", ")} are to be generated, and there is no file for them`,
    {
      code: "credentials_missing",
      help: "Say where they are to be written: --credentials-out FILE.",
    },
  );
}
