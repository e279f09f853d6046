/**
 * A JSON parser for what strangers send (RFC 8259). It takes what `JSON.parse` takes, less what makes two readers
 * disagree: duplicate names at any depth and in any spelling, a byte order mark, invalid UTF-8, unpaired surrogates.
 * Nesting and the number of values are bounded. Objects have no prototype.
 */

/** What is wrong with the text, in words that quote nothing of it. */
export class JsonSyntaxError extends SyntaxError {
  override readonly name: string = "JsonSyntaxError";
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How much a text may hold. */
export interface JsonLimits {
  /** Objects and arrays inside each other. */
  readonly depth: number;
  /** Values, counted at every depth: a mebibyte of the smallest ones would keep the event loop for half a second. */
  readonly values: number;
}

const usualLimits: JsonLimits = { depth: 32, values: 100_000 };

/** @throws JsonSyntaxError */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = usualLimits): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new JsonSyntaxError("the text is not UTF-8");
  }
  return new Parser(text, limits).document();
}

const blanks = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** A whole string without its quotes: no control character, only known escapes. */
// eslint-disable-next-line no-control-regex -- control characters are what the grammar forbids
const string = /"((?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"/y;
const words: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

class Parser {
  readonly #text: string;
  readonly #limits: JsonLimits;
  #values = 0;
  #at = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  document(): unknown {
    const value = this.#value(0);
    this.#match(blanks);
    if (this.#at < this.#text.length) throw new JsonSyntaxError("something follows the value");
    return value;
  }

  #value(depth: number): unknown {
    if (depth > this.#limits.depth) throw new JsonSyntaxError(`the text nests deeper than ${this.#limits.depth}`);
    this.#values += 1;
    if (this.#values > this.#limits.values)
      throw new JsonSyntaxError(`the text holds more than ${this.#limits.values} values`);
    this.#match(blanks);
    const first = this.#text[this.#at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    return this.#scalar();
  }

  #object(depth: number): unknown {
    const members = Object.create(null) as Record<string, unknown>;
    this.#at += 1;
    if (this.#takes("}")) return members;
    do {
      this.#match(blanks);
      const name = this.#string();
      if (Object.hasOwn(members, name)) throw new JsonSyntaxError("a name stands twice in one object");
      this.#expect(":");
      members[name] = this.#value(depth + 1);
    } while (this.#takes(","));
    this.#expect("}");
    return members;
  }

  #array(depth: number): unknown {
    const items: unknown[] = [];
    this.#at += 1;
    if (this.#takes("]")) return items;
    do items.push(this.#value(depth + 1));
    while (this.#takes(","));
    this.#expect("]");
    return items;
  }

  #string(): string {
    const raw = this.#match(string);
    if (raw === undefined) throw new JsonSyntaxError("a string is malformed or missing");
    const value = raw.includes("\\") ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    if (!value.isWellFormed()) throw new JsonSyntaxError("a string holds an unpaired surrogate");
    return value;
  }

  #scalar(): unknown {
    const digits = this.#match(number);
    if (digits !== undefined) return Number(digits);
    for (const [word, value] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    throw new JsonSyntaxError("a value is malformed or missing");
  }

  /** Takes the character, after blanks, if it comes next. */
  #takes(character: string): boolean {
    this.#match(blanks);
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw new JsonSyntaxError(`\`${character}\` is missing`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
