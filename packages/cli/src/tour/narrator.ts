import { CardeaError } from "@cardea/core";
import { MciasError } from "@cardea/mcias";
import { paintFor, type Paint, type Terminal } from "../terminal.js";

/** One call of the tour. */
export interface Step {
  /**
   * The call must be answered, and the answer read so.
   *
   * @param tell the answer in a few words, without its secrets; nothing to tell is "done"
   */
  gives<Answer>(expected: string, call: () => Promise<Answer>, tell?: (answer: Answer) => string): Promise<Answer>;
  /** The call must be refused, with this status and code. */
  isRefused(expected: string, call: () => Promise<unknown>): Promise<void>;
}

/** Tells the tour as it happens, one numbered line a step, and ends it where something is not as it should be. */
export class Narrator {
  readonly #terminal: Pick<Terminal, "stdout" | "signal">;
  readonly #paint: Paint;
  #steps = 0;

  constructor(terminal: Pick<Terminal, "stdout" | "env" | "signal">) {
    this.#terminal = terminal;
    this.#paint = paintFor(terminal.stdout, terminal.env);
  }

  /** How many steps went as they should. */
  get steps(): number {
    return this.#steps;
  }

  chapter(title: string): void {
    this.#terminal.stdout.write(`\n${this.#paint.bold(title)}\n`);
  }

  /**
   * Begins a step: `operation` is the method of the client, `asked` what it is called for.
   *
   * @throws CardeaError `tour_stopped` where the person wants out; what it returns, `tour_unexpected` where the answer
   * is another one
   */
  asks(operation: string, asked: string): Step {
    if (this.#terminal.signal.aborted) {
      throw new CardeaError("the tour was stopped half-way", {
        code: "tour_stopped",
        help: "Run it again when you like",
      });
    }
    const number = this.#paint.dim(String(this.#steps + 1).padStart(4));
    this.#terminal.stdout.write(`${number}  ${operation.padEnd(19)}${asked.padEnd(30)}`);
    return {
      gives: async (expected, call, tell = () => "done") => {
        const answer = await call().catch((error: unknown) => this.#fail(operation, expected, wordsOf(error), error));
        this.#end(operation, expected, tell(answer));
        return answer;
      },
      isRefused: async (expected, call) => {
        this.#end(operation, expected, await call().then(() => "no refusal", wordsOf));
      },
    };
  }

  #end(operation: string, expected: string, outcome: string): void {
    if (outcome !== expected) this.#fail(operation, expected, outcome);
    this.#terminal.stdout.write(`${this.#paint.green(outcome)}\n`);
    this.#steps += 1;
  }

  #fail(operation: string, expected: string, outcome: string, cause?: unknown): never {
    this.#terminal.stdout.write(`${this.#paint.red(outcome)}\n`);
    throw new CardeaError(
      `step ${this.#steps + 1}, ${operation}, should have given "${expected}" and gave "${outcome}"`,
      { code: "tour_unexpected", help: "This is a fault of Cardea, and nothing that you did.", cause },
    );
  }
}

/** An error as the tour tells it: status and code. */
function wordsOf(error: unknown): string {
  if (error instanceof MciasError) return error.status === 0 ? error.code : `${error.status} ${error.code}`;
  return error instanceof Error ? error.name : typeof error;
}
