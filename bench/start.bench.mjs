import { spawn } from "node:child_process";
import { serve } from "./house.mjs";

export const title = "Start and idle memory";

export async function run() {
  const first = await serve();
  const firstMs = first.startMs;
  await first.stop({ keep: true });
  const warm = [];
  let rss = 0;
  for (let i = 0; i < 5; i += 1) {
    const house = await serve(undefined, { folder: first.data });
    warm.push(house.startMs);
    await new Promise((resolve) => setTimeout(resolve, 500));
    rss = house.rss();
    await house.stop({ keep: true });
  }
  const node = [];
  for (let i = 0; i < 5; i += 1) node.push(await bareNode());
  const [ours, bare] = [median(warm), median(node)];
  return [
    { what: "first start of a new house, to the first answer", ours: `${firstMs.toFixed(0)} ms` },
    {
      what: "later start, warm file cache",
      ours: `${ours.toFixed(0)} ms`,
      peer: `${bare.toFixed(0)} ms, bare node:https`,
      ratio: ours / bare,
      bar: "< 800 ms",
    },
    { what: "memory when idle", ours: `${rss.toFixed(0)} MB`, bar: "< 125 MB" },
  ];
}

/** What the runtime itself takes to load its HTTPS module and listen. */
function bareNode() {
  const started = performance.now();
  const script = `require("node:https").createServer().listen(0, () => console.log("up"))`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["-e", script]);
    child.stdout.once("data", () => {
      child.kill();
      resolve(performance.now() - started);
    });
  });
}

/** @param {number[]} values */
function median(values) {
  return /** @type {number} */ ([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]);
}
