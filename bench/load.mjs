// Load over TLS from a process of its own: so many connections, each with one request under way, as light as it can be,
// so that what is measured is the server. Started by `load()`; talks to it by messages.
import { fork } from "node:child_process";
import { connect } from "node:tls";

/**
 * @typedef {object} LoadResult
 * @property {number} perSecond
 * @property {number} p50 Milliseconds.
 * @property {number} p99 Milliseconds.
 * @property {Record<string, number>} statuses How often each status came.
 */

/**
 * Sends the same requests in turn for some seconds.
 *
 * @param {{ url: string, ca: string, requests: string[], connections?: number, seconds?: number }} options
 *   `requests` are whole HTTP/1.1 requests as text.
 * @returns {Promise<LoadResult>}
 */
export function load(options) {
  return new Promise((resolve, reject) => {
    const child = fork(new URL(import.meta.url), ["child"]);
    child.once("message", (message) => {
      child.kill();
      resolve(/** @type {LoadResult} */ (message));
    });
    child.once("error", reject);
    child.send(options);
  });
}

/**
 * A request as text.
 *
 * @param {string} method
 * @param {string} url
 * @param {object | undefined} body
 * @param {Record<string, string>} [headers]
 */
export function requestText(method, url, body, headers = {}) {
  const { host, pathname } = new URL(url);
  const text = body === undefined ? "" : JSON.stringify(body);
  const lines = {
    host,
    ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${pathname} HTTP/1.1\r\n${head.join("")}\r\n${text}`;
}

if (process.argv[2] === "child") process.once("message", (options) => void drive(/** @type {any} */ (options)));

/** @param {{ url: string, ca: string, requests: string[], connections?: number, seconds?: number }} options */
async function drive({ url, ca, requests, connections = 8, seconds = 4 }) {
  const { hostname, port } = new URL(url);
  const bytes = requests.map((text) => Buffer.from(text));
  /** @type {number[]} */
  const times = [];
  /** @type {Record<string, number>} */
  const statuses = {};
  let next = 0;
  let counting = false;
  let over = false;

  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, servername: hostname, port: Number(port), ca }, send);
      let sent = 0;
      let pending = "";
      function send() {
        sent = performance.now();
        socket.write(/** @type {Buffer} */ (bytes[next++ % bytes.length]));
      }
      socket.setEncoding("latin1").on("data", (/** @type {string} */ chunk) => {
        pending += chunk;
        const end = pending.indexOf("\r\n\r\n");
        if (end === -1) return;
        const length = Number(/content-length: *(\d+)/i.exec(pending)?.[1] ?? 0);
        if (pending.length < end + 4 + length) return;
        if (counting) {
          times.push(performance.now() - sent);
          const status = pending.slice(9, 12);
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
        pending = "";
        if (over) resolve(socket.destroy());
        else send();
      });
      socket.on("error", reject);
    });

  const all = Promise.all(Array.from({ length: connections }, one));
  await new Promise((resolve) => setTimeout(resolve, 700));
  counting = true;
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsed = performance.now() - start;
  counting = false;
  over = true;
  await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 2000))]);
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  process.send?.({ perSecond: times.length / (elapsed / 1000), p50: at(0.5), p99: at(0.99), statuses });
}
