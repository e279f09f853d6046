import { generateKeyPairSync, sign, verify } from "node:crypto";
import { MciasClient } from "@cardea/mcias";
import { bareServer } from "./bare.mjs";
import { openHouse, password, serve } from "./house.mjs";
import { load, requestText } from "./load.mjs";
import { mint } from "./mint.mjs";

export const title = "Validate over TLS, eight connections, the load on the same cores";

export async function run() {
  const first = await serve();
  await first.stop({ keep: true });
  const fresh = await mint(first.data, 60_000);
  const house = await serve(openHouse, { folder: first.data });
  const bare = await bareServer(house.data);
  const { token } = await new MciasClient({ serverUrl: house.url, caCert: house.ca }).login("alice", password);
  const validate = (/** @type {string} */ url, /** @type {string} */ one) =>
    requestText("POST", `${url}/v1/token/validate`, { token: one });
  const to = (/** @type {string[]} */ requests, seconds = 4) =>
    load({ url: house.url, ca: house.ca, requests, seconds });

  const unseen = await to(
    fresh.map((one) => validate(house.url, one)),
    3,
  );
  const idle = await to([validate(house.url, token)]);
  const peer = await load({ url: bare.url, ca: house.ca, requests: [validate(bare.url, token)] });
  const raw = rawVerifies();

  const wrong = requestText("POST", `${house.url}/v1/auth/login`, { username: "nobody", password: "wrong password" });
  const flood = load({ url: house.url, ca: house.ca, requests: [wrong], connections: 32, seconds: 6 });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const during = await to([validate(house.url, token)]);
  const flooded = await flood;
  bare.stop();
  await house.stop();
  return [
    {
      what: "a token seen before",
      ours: `${idle.perSecond.toFixed(0)}/s, p99 ${idle.p99.toFixed(1)} ms`,
      peer: `${peer.perSecond.toFixed(0)}/s, bare node:https`,
      ratio: idle.perSecond / peer.perSecond,
      bar: ">= 0.40 and 10,000/s, p99 < 5 ms",
    },
    {
      what: "a token at first sight",
      ours: `${unseen.perSecond.toFixed(0)}/s, p99 ${unseen.p99.toFixed(1)} ms`,
      peer: `${raw.toFixed(0)}/s, raw verify`,
      ratio: unseen.perSecond / raw,
      bar: ">= 0.45",
    },
    {
      what: `p50 during a login flood (${flooded.perSecond.toFixed(0)} answers/s)`,
      ours: `${during.p50.toFixed(2)} ms`,
      peer: `${idle.p50.toFixed(2)} ms, idle`,
      ratio: during.p50 / idle.p50,
      bar: "<= 1.5",
    },
    {
      what: "p99 during a login flood",
      ours: `${during.p99.toFixed(1)} ms`,
      peer: `${idle.p99.toFixed(1)} ms, idle`,
      ratio: during.p99 / idle.p99,
      bar: "< 3, or < 8 ms",
    },
  ];
}

/** Ed25519 verifications a second of one thread, with a prepared key. */
function rawVerifies() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const input = Buffer.alloc(300, 1);
  const signature = sign(null, input, privateKey);
  const started = performance.now();
  let count = 0;
  for (; performance.now() - started < 1_500; count += 1) verify(null, input, publicKey, signature);
  return count / 1.5;
}
