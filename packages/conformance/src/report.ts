/** How a row ended. */
export interface RowReport {
  readonly item: number;
  readonly section: string;
  readonly title: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Of a failed row: what is not as it should be. Of a skipped one: why. Holds no secret. */
  readonly detail?: Detail;
  readonly ms: number;
}

/** What is told of a row that did not pass. */
export type Detail =
  { readonly at: string; readonly expected: string; readonly got: string } | { readonly reason: string };

/** What came of a run. */
export interface Report {
  readonly wire: string;
  readonly url: string;
  readonly rows: readonly RowReport[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Accounts that could not be taken away again, by id. */
  readonly leftBehind: readonly string[];
}
