import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@cardea/core/simulate";
import { damageOf } from "./data-file.js";
import { serveFolder, type ServeOptions, type ServeProcess } from "./process.js";
import { witnessedHouse, Witness } from "./witness.js";

/** What came of many cycles of writing, being killed and starting again. */
export interface Survival {
  readonly cycles: number;
  /** Answers that the clients had. */
  readonly answers: number;
  /** What was answered and is gone, damaged, or done by half: `cycle: what`. */
  readonly lost: readonly string[];
}

/** What happens to the folder, besides the kill. */
export interface Disk {
  /** How the process is started. */
  readonly started: ServeOptions;
  /** Called once the process is gone: puts into the folder what its disk has kept. */
  cut(): void;
}

/**
 * Starts one house again and again, kills it in the middle of what it is doing, and looks after every start. It starts
 * by itself: nothing is repaired between. It ends at the first loss.
 *
 * @param seed of the moments at which it is killed
 * @param disk made for the folder; default: what any process that is killed leaves
 */
export async function surviveKills(
  cycles: number,
  seed: number,
  disk: (folder: string, random: SeededRandom) => Disk = () => ({ started: {}, cut() {} }),
): Promise<Survival> {
  const random = new SeededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "cardea-survival-"));
  const { started, cut } = disk(folder, random);
  const lost: string[] = [];
  let server: ServeProcess | undefined;
  try {
    server = await serveFolder(folder, { ...started, house: witnessedHouse() });
    const { ca } = server;
    const witness = await Witness.begin(server);
    for (let cycle = 1; cycle <= cycles && lost.length === 0; cycle += 1) {
      await witness.write(server, random.between(1, 60), server.kill);
      cut();
      server = await serveFolder(folder, started);
      const found = [...(await damageOf(folder)), ...(await witness.missing(server))];
      if (server.ca !== ca) found.push("the local CA is another");
      lost.push(...found.map((what) => `cycle ${cycle}: ${what}`));
    }
    await server.stop();
    return { cycles, answers: witness.answers, lost };
  } finally {
    await server?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
