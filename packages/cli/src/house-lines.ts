import type { HouseReport } from "@cardea/authority";
import { shownPath } from "./shown-path.js";

interface Circumstances {
  readonly cwd: string;
  readonly dryRun?: true;
  readonly credentialsOut?: string;
}

/** What applying a house did, as lines for a person. */
export function houseLines(report: HouseReport, { cwd, dryRun, credentialsOut }: Circumstances): string[] {
  const { changes, unchanged, generated, notServed, warnings } = report;
  return [
    ...changes,
    ...(unchanged > 0 ? [`${unchanged} ${unchanged === 1 ? "entry was" : "entries were"} as the file says`] : []),
    ...(generated && credentialsOut !== undefined && dryRun !== true
      ? [`generated secrets are in ${shownPath(credentialsOut, cwd)}`]
      : []),
    ...(notServed.length > 0 ? [`not served by this version: ${notServed.join(", ")}`] : []),
    ...warnings.map((warning) => `careful: ${warning}`),
  ];
}
