import { MciasClient, type MciasTransportError } from "@cardea/mcias";
import { passwords, usualHouse } from "../mcias/house.js";
import type { ServeProcess } from "./process.js";

const lanes = ["lane-1", "lane-2", "lane-3", "lane-4"] as const;

/** The house that a witness writes to: system accounts whose tokens are renewed and whose credentials change. */
export function witnessedHouse(): object {
  return usualHouse(
    {},
    {
      accounts: [
        { username: "root", password: passwords.root, roles: ["admin"] },
        ...lanes.map((username) => ({ username, type: "system" })),
      ],
    },
  );
}

/** One system account: what was answered about it, and nothing that was only asked. */
interface Lane {
  readonly id: string;
  /** The one token that lives, unless a renewal of it is without an answer. */
  token: string;
  /** Tokens that an answered renewal or issue has ended. */
  readonly dead: string[];
  /** The number that the stored password was answered to have. */
  credentials: number;
}

/** An account that was answered to be made, and its token. */
interface Made {
  readonly name: string;
  readonly id: string;
  readonly token: string;
}

/** Tokens of accounts that are asked for after each start: the newest, as what is lost is lost from the end. */
const asked = 30;

/**
 * A client that writes until the authority is gone, and remembers what it was answered. After the next start it says
 * what of that is missing, and what was done by half.
 */
export class Witness {
  readonly #root: string;
  readonly #lanes: readonly Lane[];
  readonly #made: Made[] = [];
  #names = 0;
  /** How many answers it has had. */
  answers = 0;

  private constructor(root: string, lanes: readonly Lane[]) {
    this.#root = root;
    this.#lanes = lanes;
  }

  /** Signs in, and gets every lane its first token. */
  static async begin(server: ServeProcess): Promise<Witness> {
    const { token } = await clientOf(server).login("root", passwords.root);
    const root = clientOf(server, token);
    const accounts = await root.listAccounts();
    const begun = lanes.map(async (name): Promise<Lane> => {
      const id = accounts.find(({ username }) => username === name)?.id;
      if (id === undefined) throw new Error(`there is no ${name}`);
      return { id, token: (await root.issueServiceToken(id)).token, dead: [], credentials: 0 };
    });
    return new Witness(token, await Promise.all(begun));
  }

  /** Writes on all lanes until the authority is killed, which `kill` does after so many more answers. */
  async write(server: ServeProcess, answers: number, kill: () => Promise<void>): Promise<void> {
    const enough = this.answers + answers;
    let killed: Promise<void> | undefined;
    const on = async (step: () => Promise<void>) => {
      try {
        for (;;) {
          await step();
          this.answers += 1;
          if (this.answers >= enough) killed ??= kill();
        }
      } catch (error) {
        // Only the kill may end it: every refusal of a living authority is a fault.
        if (killed === undefined || (error as MciasTransportError).name !== "MciasTransportError") throw error;
      }
    };
    const root = clientOf(server, this.#root);
    const steps = this.#lanes.flatMap((lane) => {
      const client = clientOf(server, lane.token);
      return [() => renew(client, lane), () => setCredentials(root, lane)];
    });
    await Promise.all([...steps, () => this.#create(root)].map(on));
    await killed;
  }

  async #create(root: MciasClient): Promise<void> {
    const name = `made-${(this.#names += 1)}`;
    const { id } = await root.createAccount(name, "system");
    const { token } = await root.issueServiceToken(id);
    this.#made.push({ name, id, token });
  }

  /** What was answered and is not so. Afterwards it goes on from what is there. */
  async missing(server: ServeProcess): Promise<string[]> {
    const root = clientOf(server, this.#root);
    // Without it nothing else can be asked for.
    if (!(await root.validateToken(this.#root)).valid) return ["the token of the administrator is gone"];
    const accounts = new Map((await root.listAccounts()).map(({ username, id }) => [username, id]));
    const missing = this.#made
      .filter(({ name, id }) => accounts.get(name) !== id)
      .map(({ name }) => `the account ${name} is gone`);
    for (const { name, token } of this.#made.slice(-asked)) {
      if (!(await root.validateToken(token)).valid) missing.push(`the token of ${name} is gone`);
    }
    for (const lane of this.#lanes) missing.push(...(await this.#missingOf(lane, root)));
    return missing;
  }

  async #missingOf(lane: Lane, root: MciasClient): Promise<string[]> {
    const missing: string[] = [];
    for (const token of lane.dead.splice(0)) {
      if ((await root.validateToken(token)).valid) missing.push(`a token of ${lane.id} lives again`);
    }
    const stored = await root.getPgCreds(lane.id).then(
      ({ password }) => Number(password),
      () => 0,
    );
    // The last one that was asked for may have been done without an answer.
    if (stored !== lane.credentials && stored !== lane.credentials + 1) {
      missing.push(`the credentials of ${lane.id} are number ${stored}, and number ${lane.credentials} was answered`);
    }
    lane.credentials = stored;
    // So may the last renewal: then nobody has the successor. Either way one token lives, which the database tells.
    lane.dead.push(lane.token);
    lane.token = (await root.issueServiceToken(lane.id)).token;
    return missing;
  }
}

function clientOf({ url, ca }: ServeProcess, token?: string): MciasClient {
  return new MciasClient({ serverUrl: url, caCert: ca, ...(token !== undefined && { token }) });
}

async function renew(client: MciasClient, lane: Lane): Promise<void> {
  const { token } = await client.renewToken();
  lane.dead.push(lane.token);
  lane.token = token;
}

async function setCredentials(root: MciasClient, lane: Lane): Promise<void> {
  const next = lane.credentials + 1;
  await root.setPgCreds(lane.id, "db.example", 5432, "app", "app", String(next));
  lane.credentials = next;
}
