import { appendFileSync } from "node:fs";

/**
 * Says that this machine cannot prove something, so that the end of the run lists it instead of being silent. The test
 * that calls it then skips itself.
 *
 * @param {string} what What stays unproved, such as "the storage suite over PostgreSQL".
 * @param {string} command What to install so that it can be proved.
 */
export function notProved(what, command) {
  const file = process.env["CARDEA_NOT_PROVED"];
  // Run alone, a test file has no list to write to.
  if (file === undefined) console.warn(`NOT PROVED HERE: ${what} (${command})`);
  else appendFileSync(file, `${JSON.stringify({ what, command })}\n`);
}
