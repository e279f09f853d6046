import type { HashParameters } from "./phc.js";

/** What a hashing thread is started with. */
export interface HashThreadData {
  readonly parameters: HashParameters;
  /** Verified where there is no hash to verify, so that nobody learns that from the time it took. */
  readonly decoy: string;
}

/** One job. The thread owns the password's bytes and wipes them. */
export type HashJob =
  | { readonly kind: "hash"; readonly password: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: "verify";
      readonly password: Uint8Array<ArrayBuffer>;
      readonly phc: string | undefined;
      /** The hash costs what a new one costs. Where not, the decoy is verified as well. */
      readonly current: boolean;
    };

/** Answers come in the order of the jobs; one `ready` comes before the first. */
export type HashReply =
  | { readonly kind: "ready" }
  | { readonly kind: "hashed"; readonly phc: string }
  | { readonly kind: "verified"; readonly right: boolean }
  | { readonly kind: "failed" };
