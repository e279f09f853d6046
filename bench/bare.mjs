// The peer of every figure over TLS: node:https that reads the body and answers as many bytes, and nothing more.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const answer = JSON.stringify({
  valid: true,
  sub: "550e8400-e29b-41d4-a716-446655440000",
  roles: ["user"],
  expires_at: "2026-04-10T09:00:00Z",
});

/**
 * @param {string} data A data folder, for its certificate.
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
export function bareServer(data) {
  const child = fork(fileURLToPath(import.meta.url), ["child", data]);
  return new Promise((resolve) =>
    child.once("message", (port) => resolve({ url: `https://localhost:${port}`, stop: () => void child.kill() })),
  );
}

if (process.argv[2] === "child") {
  const tls = (/** @type {string} */ name) => readFileSync(join(/** @type {string} */ (process.argv[3]), "tls", name));
  const server = createServer({ cert: tls("server.pem"), key: tls("server.key") }, (request, response) => {
    request.on("data", () => undefined);
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) });
      response.end(answer);
    });
  });
  server.listen(0, "127.0.0.1", () =>
    process.send?.(/** @type {import("node:net").AddressInfo} */ (server.address()).port),
  );
}
