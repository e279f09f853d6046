import { CardeaError } from "./errors.js";

/** What stands in place of a secret wherever a person could read it. */
const mask = "[redacted]";

/**
 * A value that shows itself to nobody who does not ask: inspection, JSON, template strings and structured clones get a
 * mask. `expose()` is the only way out.
 *
 * JavaScript cannot wipe a string. Disposing drops this object's reference, so that the memory can be collected.
 */
export class Secret {
  #value: string | undefined;

  /** Present where the runtime knows `Symbol.dispose`: `using token = Secret.of(...)`. */
  declare readonly [Symbol.dispose]: () => void;

  static {
    const dispose = (Symbol as { readonly dispose?: symbol }).dispose;
    if (dispose !== undefined) {
      Object.defineProperty(this.prototype, dispose, {
        value: function (this: Secret) {
          this.dispose();
        },
      });
    }
  }

  private constructor(value: string) {
    this.#value = value;
  }

  /** A secret is handed back as it is, so that disposing it ends it for everybody who was given it. */
  static of(value: string | Secret): Secret {
    return typeof value === "string" ? new Secret(value) : value;
  }

  /** The value itself. @throws CardeaError `secret_disposed` */
  expose(): string {
    if (this.#value === undefined) throw new CardeaError("the secret was disposed", { code: "secret_disposed" });
    return this.#value;
  }

  /** Forgets the value. May be called again. */
  dispose(): void {
    this.#value = undefined;
  }

  get disposed(): boolean {
    return this.#value === undefined;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [Symbol.toPrimitive](): string {
    return mask;
  }

  /** What Node's `util.inspect` and `console.log` print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Secret(${mask})`;
  }
}

const utf8 = new TextEncoder();

/**
 * Whether two secrets are the same, in a time that depends on their lengths alone. The lengths themselves may show.
 * Text is compared as UTF-8; text with unpaired surrogates has no UTF-8 form and equals nothing.
 */
export function equal(a: string | Secret | Uint8Array, b: string | Secret | Uint8Array): boolean {
  const left = bytesOf(a);
  const right = bytesOf(b);
  if (left === undefined || right === undefined || left.length !== right.length) return false;
  let difference = 0;
  // Both arrays are as long as `left`, so the fallback for an index outside is never taken.
  for (let at = 0; at < left.length; at += 1) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}

function bytesOf(value: string | Secret | Uint8Array): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  const text = typeof value === "string" ? value : value.expose();
  return text.isWellFormed() ? utf8.encode(text) : undefined;
}

/**
 * The text with every run that equals one of the secrets replaced by `[redacted]`. Runs that overlap become one. Empty
 * and disposed secrets are passed over.
 *
 * @param options.maxLength how many characters are kept, counted after the replacement, so that no secret is cut in
 * two and missed
 */
export function redact(
  text: string,
  secrets: Iterable<string | Secret>,
  options: { readonly maxLength?: number } = {},
): string {
  let clean = "";
  let end = 0;
  for (const run of runsOf(text, secrets)) {
    if (run.start >= end) clean += text.slice(end, run.start) + mask;
    end = Math.max(end, run.end);
  }
  clean += text.slice(end);
  return options.maxLength === undefined ? clean : cut(clean, options.maxLength);
}

/** Where the secrets stand, by their starts. */
function runsOf(text: string, secrets: Iterable<string | Secret>): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (const secret of secrets) {
    if (typeof secret !== "string" && secret.disposed) continue;
    const value = typeof secret === "string" ? secret : secret.expose();
    if (value === "") continue;
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) {
      runs.push({ start: at, end: at + value.length });
    }
  }
  return runs.sort((a, b) => a.start - b.start);
}

/** Never ends with half a character. */
function cut(text: string, maxLength: number): string {
  const short = text.slice(0, maxLength);
  return /[\ud800-\udbff]$/.test(short) ? short.slice(0, -1) : short;
}
