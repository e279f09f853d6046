import { randomBytes, randomUUID } from "node:crypto";
import { CardeaError, systemClock, TransportError, type Clock } from "@cardea/core";
import type { Credentials } from "./credentials.js";
import { Known } from "./known.js";
import { Mask } from "./mask.js";
import { NotApplicable, parsed, playStep, Unmet, type Stage } from "./play.js";
import type { Detail, Report, RowReport } from "./report.js";
import type { Exchange, Need, Row, Suite } from "./row.js";
import { decodeBase32, totpCode, totpStepMs } from "./totp.js";
import type { RawReply, Wire } from "./wire/wire.js";

/** How a table is run, whatever the wire. */
export interface RunOptions {
  /** Without them only the rows run that need no account. */
  readonly credentials?: Credentials;
  /** What the server is set to; `seed` where it is not given. */
  readonly profile?: "seed" | "extended";
  /** Run the rows too that wait for minutes. */
  readonly slow?: boolean;
  /** The items to run; all of them where it is not given. */
  readonly only?: readonly number[];
  /** Hears of each row as it ends. */
  readonly report?: (row: RowReport) => void;
  /** Ends the run; what it made is still taken away. */
  readonly signal?: AbortSignal;
  /** The machine's own where it is not given. */
  readonly clock?: Clock;
}

/** The server under test. */
interface Target {
  /** What reports and errors call it. */
  readonly url: string;
  readonly send: Wire;
}

const reasons: Readonly<Record<Need, string>> = {
  administrator: "needs an administrator's credentials",
  totp: "needs the credentials of an account with a second factor",
  slow: "waits for minutes, and runs when slow rows are asked for",
};

/** Runs a table against a server. @throws what `conform` throws, but for its URL and CA */
export function runSuite(suite: Suite, target: Target, options: RunOptions): Promise<Report> {
  return new Run(suite, target, options).all();
}

class Run {
  readonly #options: RunOptions;
  readonly #url: string;
  readonly #suite: Suite;
  readonly #stage: Stage;
  /** What every row knows from the start. */
  readonly #known: Known;
  readonly #made = new Set<string>();
  #end: string | undefined;

  constructor(suite: Suite, { url, send }: Target, options: RunOptions) {
    const password = randomBytes(18).toString("base64url");
    const secret = options.credentials?.totp === undefined ? undefined : decodeBase32(options.credentials.totp.secret);
    this.#options = options;
    this.#url = url;
    this.#suite = suite;
    this.#known = new Known([["password", password]]);
    this.#stage = {
      send,
      clock: options.clock ?? systemClock,
      mask: new Mask(),
      profile: options.profile ?? "seed",
      signal: options.signal ?? new AbortController().signal,
      heard: (step, reply) => this.#remember(step, reply),
      ...(secret !== undefined && { totpSecret: secret }),
    };
    this.#stage.mask.add(password);
  }

  async all(): Promise<Report> {
    await this.#reach();
    await this.#signIn();
    const rows: RowReport[] = [];
    for (const section of this.#suite.sections) {
      for (const row of section.rows) {
        if (this.#options.only !== undefined && !this.#options.only.includes(row.item)) continue;
        const told = await this.#row(row, section.title);
        rows.push(told);
        this.#options.report?.(told);
      }
    }
    if (this.#known.has("administrator.token")) await this.#quietly(this.#suite.signOut, this.#known);
    const count = (outcome: RowReport["outcome"]) => rows.filter((row) => row.outcome === outcome).length;
    return {
      wire: this.#suite.wire,
      url: this.#url,
      rows,
      passed: count("passed"),
      failed: count("failed"),
      skipped: count("skipped"),
      leftBehind: [...this.#made],
    };
  }

  async #row(row: Row, section: string): Promise<RowReport> {
    const { clock } = this.#stage;
    const start = clock.elapsed();
    const reason = this.#end ?? this.#lacks(row);
    const detail = reason === undefined ? await this.#play(row) : { reason };
    return {
      item: row.item,
      section,
      title: row.title,
      outcome: detail === undefined ? "passed" : "reason" in detail ? "skipped" : "failed",
      ...(detail !== undefined && { detail }),
      ms: Math.round(clock.elapsed() - start),
    };
  }

  #lacks({ needs = [] }: Row): string | undefined {
    const { credentials, slow = false } = this.#options;
    const given = { administrator: credentials !== undefined, totp: credentials?.totp !== undefined, slow };
    const missing = needs.find((need) => !given[need]);
    return missing === undefined ? undefined : reasons[missing];
  }

  async #play(row: Row): Promise<Detail | undefined> {
    const known = this.#known.copy();
    known.set("unique", randomBytes(4).toString("hex"));
    known.set("nobody", randomUUID());
    try {
      for (const [index, step] of row.steps.entries()) {
        const failure = await playStep(step, known, this.#stage).catch((error: unknown) => this.#told(error, index));
        if (failure !== undefined) return failure;
      }
      return undefined;
    } finally {
      for (const exchange of row.after ?? []) await this.#quietly(exchange, known);
      await this.#takeAway();
    }
  }

  #told(error: unknown, index: number): Detail {
    if (this.#stage.signal.aborted) return { reason: (this.#end = "the run was stopped") };
    if (error instanceof NotApplicable) return { reason: error.message };
    const step = `step ${index + 1}`;
    if (error instanceof Unmet) {
      if (error.gone) this.#end = "the server cannot be reached any more";
      return { at: `${step}, ${error.at}`, expected: error.expected, got: error.got };
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
    return { at: step, expected: "an answer that the row can read", got: this.#stage.mask.hide(text) };
  }

  /** Remembers accounts as they come into being, wanted or not. */
  #remember(step: string, reply: RawReply): void {
    if (step !== this.#suite.accounts.made || reply.status < 200 || reply.status > 299) return;
    const account = parsed(reply);
    if (typeof account !== "object" || account === null || !("id" in account)) return;
    if (typeof account.id === "string") this.#made.add(account.id);
  }

  async #takeAway(): Promise<void> {
    for (const id of [...this.#made]) {
      const known = this.#known.copy();
      known.set("id", id);
      const exchange = { send: this.#suite.accounts.remove, as: "administrator", expect: { status: [204, 200, 404] } };
      if (await this.#quietly(exchange, known)) this.#made.delete(id);
    }
  }

  /** Also after the run was stopped. @returns whether it went as expected */
  #quietly(exchange: Exchange, known: Known): Promise<boolean> {
    const stage = { ...this.#stage, signal: new AbortController().signal };
    return playStep(exchange, known, stage).then(
      () => true,
      () => false,
    );
  }

  async #reach(): Promise<void> {
    const probe = { send: this.#suite.probe, limited: true, expect: {} } as const;
    await playStep(probe, this.#known, this.#stage).catch((error: unknown) => {
      if (!(error instanceof Unmet)) throw error;
      throw new TransportError(`nobody speaks at ${this.#url}: ${error.got}`, {
        code: "connection_failed",
        help: "Look whether the server runs, and give the file of its CA where the machine does not trust it.",
      });
    });
  }

  async #signIn(): Promise<void> {
    const { credentials } = this.#options;
    if (credentials === undefined) return;
    const { administrator, totp } = credentials;
    for (const [who, person] of Object.entries({ administrator, ...(totp !== undefined && { totp }) })) {
      this.#known.set(`${who}.username`, person.username);
      this.#known.set(`${who}.password`, person.password);
      this.#stage.mask.add(person.password);
    }
    const secret = administrator.totpSecret === undefined ? undefined : decodeBase32(administrator.totpSecret);
    const step = Math.floor(this.#stage.clock.now() / totpStepMs);
    this.#known.set("administrator.code", secret === undefined ? "" : totpCode(secret, step));
    for (const text of [administrator.totpSecret, totp?.secret]) if (text !== undefined) this.#stage.mask.add(text);
    await playStep(this.#suite.signIn, this.#known, this.#stage).catch((error: unknown) => {
      if (!(error instanceof Unmet)) throw error;
      throw new CardeaError(`the administrator cannot sign in: ${error.got}`, {
        code: "sign_in_failed",
        help: "Look at the credentials file. A code of a second factor works once: wait half a minute between runs.",
      });
    });
  }
}
