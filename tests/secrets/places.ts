import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { inspect } from "node:util";

/** Everything that was said and kept, by where. */
export class Places {
  readonly #contents = new Map<string, Buffer[]>();

  add(place: string, content: string | Uint8Array): void {
    this.#contents.set(place, [...(this.#contents.get(place) ?? []), Buffer.from(content)]);
  }

  /** Every file of a folder and of those in it, as it is now. */
  async addFolder(place: string, folder: string): Promise<void> {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) this.add(`${place}/${relative(folder, path)}`, await readFile(path));
    }
  }

  /** A value in every way in which it gets into a log. */
  addValue(place: string, value: unknown): void {
    this.add(place, inspect(value, { depth: 20, showHidden: true }));
    this.add(place, `${String(value)}\n${JSON.stringify(value) ?? ""}`);
    for (let error = value; error instanceof Error; error = error.cause) {
      this.add(place, `${error.message}\n${error.stack ?? ""}`);
      this.add(place, JSON.stringify(error, Object.getOwnPropertyNames(error)));
    }
  }

  /** What a call throws. One that succeeds is an error: nothing was to be seen. */
  async addFailure(place: string, call: () => Promise<unknown>): Promise<void> {
    const failure = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (failure === undefined) throw new Error(`${place}: nothing failed`);
    this.addValue(place, failure);
  }

  get names(): string[] {
    return [...this.#contents.keys()].sort();
  }

  contentOf(place: string): Buffer {
    return Buffer.concat((this.#contents.get(place) ?? []).flatMap((part) => [part, Buffer.from("\n")]));
  }
}
