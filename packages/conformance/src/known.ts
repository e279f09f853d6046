/** What a row has learnt so far, by name: `{{worker.id}}` in a path, a header, a body or a pattern stands for it. */
export class Known {
  readonly #values: Map<string, unknown>;

  constructor(values: Iterable<readonly [string, unknown]> = []) {
    this.#values = new Map(values);
  }

  /** A row's own: what it learns does not reach the others. */
  copy(): Known {
    return new Known(this.#values);
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** @throws TypeError where nothing has that name: the row is wrong, not the server */
  get(name: string): unknown {
    if (!this.#values.has(name)) throw new TypeError(`the row uses {{${name}}} before it is known`);
    return this.#values.get(name);
  }

  text(name: string): string {
    return String(this.get(name));
  }

  list(name: string): readonly unknown[] {
    const value = this.get(name);
    return Array.isArray(value) ? (value as unknown[]) : [];
  }

  /** The text with every `{{name}}` replaced. */
  fill(text: string): string {
    return text.replace(/\{\{([\w.]+)\}\}/g, (_, name: string) => this.text(name));
  }

  /** A JSON value with every `{{name}}` in its texts replaced; a text that is nothing else may become a list. */
  fillAll(value: unknown): unknown {
    if (typeof value === "string") {
      const [, name] = /^\{\{([\w.]+)\}\}$/.exec(value) ?? [];
      return name === undefined ? this.fill(value) : this.get(name);
    }
    if (Array.isArray(value)) return value.map((item) => this.fillAll(item));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.fillAll(member)]));
  }
}
