import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SeededRandom } from "@cardea/core/simulate";
import type { Disk } from "./cycles.js";
import { library } from "./preload.js";

/** Bytes that a disk writes at once. */
const sector = 512;

export interface Forgetfulness {
  /** Of what no sync has reached, a random part of the sectors is on the disk all the same, in no order. */
  readonly torn?: boolean;
  /** Ends of names of files whose syncs do nothing: a fault that is planted. From the second start on. */
  readonly forgets?: string;
}

/** Builds the library of `power-loss.c`, and gives folders a disk that keeps what a sync has reached. */
export function forgetfulDisk({ torn = false, forgets }: Forgetfulness = {}): (
  folder: string,
  random: SeededRandom,
) => Disk {
  return (folder, random) => {
    const [disk, durable] = [join(folder, "data"), join(folder, "durable")];
    // The folder itself is there; everything in it is the authority's.
    mkdirSync(disk, { mode: 0o700 });
    const env: Record<string, string> = {
      LD_PRELOAD: library("power-loss", folder),
      CARDEA_DISK: disk,
      CARDEA_DURABLE: durable,
    };
    return {
      started: { env },
      cut() {
        const kept = read(durable, readFileSync(join(durable, "root"), "utf8"));
        const mixed = torn ? tear(kept, disk, random) : kept;
        rmSync(disk, { recursive: true });
        rmSync(durable, { recursive: true });
        write(mixed, disk);
        if (forgets !== undefined) env["CARDEA_FORGETS"] = forgets;
      },
    };
  };
}

/** A folder: bytes of files, and folders. */
interface Tree {
  readonly [name: string]: Buffer | Tree;
}

/** What the notes of `power-loss.c` say. A folder that was never synced has no names, a file no bytes. */
function read(durable: string, id: string): Tree {
  const lines = readFileSync(join(durable, `${id}.dir`), "utf8").split("\n");
  return Object.fromEntries(
    lines.filter(Boolean).map((line) => {
      const [, of = "", name = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
      if (existsSync(join(durable, `${of}.dir`))) return [name, read(durable, of)];
      return [name, existsSync(join(durable, of)) ? readFileSync(join(durable, of)) : Buffer.alloc(0)];
    }),
  );
}

/** Of each sector the durable bytes or those that were written last. `live` is the folder as the kill left it. */
function tear(kept: Tree, live: string, random: SeededRandom): Tree {
  return Object.fromEntries(
    Object.entries(kept).map(([name, old]) => {
      const path = join(live, name);
      if (!Buffer.isBuffer(old)) return [name, tear(old, path, random)];
      if (!existsSync(path)) return [name, old];
      const young = readFileSync(path);
      if (old.equals(young)) return [name, old];
      const mixed = Buffer.alloc(random.chance(0.5) ? old.length : young.length);
      for (let at = 0; at < mixed.length; at += sector) {
        const source = random.chance(0.5) ? old : young;
        source.subarray(at, at + sector).copy(mixed, at);
      }
      return [name, mixed];
    }),
  );
}

function write(tree: Tree, folder: string): void {
  mkdirSync(folder, { mode: 0o700 });
  for (const [name, content] of Object.entries(tree)) {
    if (Buffer.isBuffer(content)) writeFileSync(join(folder, name), content, { mode: 0o600 });
    else write(content, join(folder, name));
  }
}
