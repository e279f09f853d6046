import { describe, expect, test } from "vitest";
import { TransportError } from "../errors.js";
import type { HttpReply, HttpRequest } from "../http.js";
import type { Io } from "../io.js";
import { SeedFailure, explore, type Faults, type World } from "./index.js";

/**
 * A planted bug and its hunt. A service renews a token exactly once: whoever shows it a second time looks like a thief,
 * and all is revoked. When the reply to a renewal is lost, a client cannot know whether the token is spent. One that
 * sends it again is right most of the time.
 */

const origin = "https://tokens.test";
const faults: Faults = {
  refused: 0.1,
  reset_before: 0.05,
  reset_after: 0.03,
  lost_reply: 0.02,
  delay: 0.05,
  unavailable: 0.05,
};

/** The service. Revokes at the first sign of a token that was used twice. */
class TokenService {
  revoked = false;
  #issued = 0;
  #current: string | undefined;

  async handle({ url, headers }: HttpRequest, io: Io): Promise<HttpReply> {
    await io.sleep(5);
    const shown = headers["authorization"];
    if (new URL(url).pathname === "/renew" && shown !== this.#current) {
      this.revoked = true;
      return { status: 401, headers: {}, body: new Uint8Array() };
    }
    this.#current = `token-${(this.#issued += 1)}`;
    return { status: 200, headers: {}, body: new TextEncoder().encode(this.#current) };
  }
}

/** What a client does when a renewal failed. */
type Recovery = (error: TransportError) => "send again" | "log in";

const blind: Recovery = () => "send again";
const careful: Recovery = (error) => (error.unsent ? "send again" : "log in");

async function ask(io: Io, path: "/login" | "/renew", token = ""): Promise<string> {
  const { status, body } = await io.call({
    method: "POST",
    url: origin + path,
    headers: { authorization: token },
    route: `POST ${path}`,
    repeat: "never",
    limits: { success: 100, error: 100 },
  });
  // The 503 comes from in front of the service, which has then seen nothing.
  if (status === 503) throw new TransportError("unavailable", { code: "connection_failed", unsent: true });
  return new TextDecoder().decode(body);
}

async function client(io: Io, recover: Recovery): Promise<void> {
  let token: string | undefined;
  for (let renewals = 0; renewals < 10;) {
    try {
      token = token === undefined ? await ask(io, "/login") : await ask(io, "/renew", token);
      renewals += 1;
      await io.sleep(60_000);
    } catch (error) {
      if (token !== undefined && recover(error as TransportError) === "log in") token = undefined;
      await io.sleep(1_000);
    }
  }
}

const scenario = (recover: Recovery) => async (world: World) => {
  const service = new TokenService();
  world.host(origin, (request, io) => service.handle(request, io));
  world.process("client", (io) => client(io, recover));
  await world.run();
  if (service.revoked) throw new Error("a token was shown twice");
};

const hunt = (recover: Recovery, seeds: number | Iterable<number>) =>
  explore(seeds, scenario(recover), { faults }).then(
    () => undefined,
    (error: unknown) => error as SeedFailure,
  );

describe("a client that renews a token exactly once", () => {
  test("never shows a token twice, whatever the network does", async () => {
    expect(await hunt(careful, 300)).toBeUndefined();
  });

  test("is caught where it sends a renewal blindly again, with a seed that shows the same once more", async () => {
    const failure = await hunt(blind, 300);
    expect(failure).toBeInstanceOf(SeedFailure);
    const { seed, message, trace } = failure!;
    expect(message.split("\n")[0]).toBe(`seed ${seed}: a token was shown twice`);
    expect(trace.some((line) => /renew (loses its reply|is reset after)/.test(line))).toBe(true);

    const again = await hunt(blind, [seed]);
    expect(again?.trace).toEqual(trace);
    expect(again?.message).toBe(message);
    expect(await hunt(careful, [seed])).toBeUndefined();
  });
});

test("seeds are counted from one where only their number is given", async () => {
  const seeds: number[] = [];
  await explore(3, async (world) => void seeds.push(world.seed));
  expect(seeds).toEqual([1, 2, 3]);
});
