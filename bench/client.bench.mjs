import { Agent, request } from "node:https";
import { MciasClient } from "@cardea/mcias";
import { bareServer } from "./bare.mjs";
import { serve } from "./house.mjs";

export const title = "The MCIAS client, one call after the other";

export async function run() {
  const house = await serve();
  const bare = await bareServer(house.data);
  const client = new MciasClient({ serverUrl: bare.url, caCert: house.ca });
  const agent = new Agent({ keepAlive: true, ca: house.ca });
  const token = "x.y.z";
  const calls = {
    ours: () => client.validateToken(token),
    bare: () => plain(`${bare.url}/v1/token/validate`, agent, JSON.stringify({ token })),
  };
  /** @type {Record<string, number[]>} */
  const times = { ours: [], bare: [] };
  for (let round = 0; round < 6; round += 1) {
    for (const [name, act] of Object.entries(calls)) {
      const started = performance.now();
      for (let i = 0; i < 1_500; i += 1) await act();
      times[name]?.push((performance.now() - started) / 1_500);
    }
  }
  agent.destroy();
  bare.stop();
  await house.stop();
  const [ours, peer] = [
    Math.min(.../** @type {number[]} */ (times["ours"])),
    Math.min(.../** @type {number[]} */ (times["bare"])),
  ];
  return [
    {
      what: "validateToken against a bare server",
      ours: `${(ours * 1000).toFixed(0)} us`,
      peer: `${(peer * 1000).toFixed(0)} us, bare node:https request`,
      ratio: ours / peer,
    },
  ];
}

/** @param {string} url @param {Agent} agent @param {string} body */
function plain(url, agent, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: "POST",
        agent,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (incoming) => {
        let text = "";
        incoming.setEncoding("utf8").on("data", (chunk) => (text += chunk));
        incoming.on("end", () => resolve(JSON.parse(text)));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
