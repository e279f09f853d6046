/**
 * Says that this machine cannot prove something, so that the end of the run lists it instead of being silent. The test
 * that calls it then skips itself.
 *
 * @param what What stays unproved, such as "the storage suite over PostgreSQL".
 * @param command What to install so that it can be proved.
 */
export declare function notProved(what: string, command: string): void;
