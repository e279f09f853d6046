import { slowDisk } from "./slow-disk.mjs";
import { load, requestText } from "./load.mjs";
import { mint } from "./mint.mjs";
import { serve } from "./house.mjs";

export const title = "Renewals, each durable before it is answered, and validate meanwhile";

export async function run() {
  const slow = slowDisk();
  const disks = { "disk as it is": {}, "every sync 4 ms slower": slow.env };
  const figures = [];
  for (const [disk, env] of Object.entries(disks)) {
    const first = await serve();
    await first.stop({ keep: true });
    const tokens = await mint(first.data, 20_000);
    const house = await serve(undefined, { folder: first.data, env });
    const { url, ca } = house;
    const renewals = tokens.slice(1).map((token) => {
      return requestText("POST", `${url}/v1/auth/renew`, undefined, {
        authorization: `Bearer ${token}`,
        "content-length": "0",
      });
    });
    const [renewed, validated] = await Promise.all([
      load({ url, ca, requests: renewals, connections: 64 }),
      load({
        url,
        ca,
        requests: [requestText("POST", `${url}/v1/token/validate`, { token: tokens[0] })],
        connections: 2,
      }),
    ]);
    await house.stop();
    figures.push({
      what: disk,
      ours: `${renewed.perSecond.toFixed(0)}/s ${JSON.stringify(renewed.statuses)}`,
      peer: `p99 ${renewed.p99.toFixed(1)} ms; validate p50 ${validated.p50.toFixed(1)} p99 ${validated.p99.toFixed(1)} ms, ${validated.perSecond.toFixed(0)}/s`,
      bar: ">= 2,000/s, validate p99 < 15 ms",
    });
  }
  slow.remove();
  return figures;
}
