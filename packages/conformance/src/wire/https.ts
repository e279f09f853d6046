import { X509Certificate } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { InputError } from "@cardea/core";
import { WireError, type RawReply, type RawRequest, type Wire } from "./wire.js";

/** Longer replies are cut: no row needs more. */
const longestReply = 8 * 1024 * 1024;

/** A wire with connections of its own. */
export interface HttpsWire {
  readonly send: Wire;
  close(): void;
}

/**
 * HTTPS without the courtesies of a client, which tidy paths and join headers: rows are about just these. The server's
 * certificate and name are always verified.
 *
 * @param ca PEM text: the only trust anchors; without it those of the runtime
 * @throws InputError where the URL is no `https:` URL, or `ca` holds no certificate
 */
export function httpsWire(baseUrl: string, ca?: string): HttpsWire {
  const base = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (base?.protocol !== "https:" || base.username !== "" || base.search !== "" || base.hash !== "") {
    throw new InputError("the address of the server is no https:// URL", "Give it as https://localhost:8443/mcias");
  }
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 32,
    minVersion: "TLSv1.2",
    ...(ca !== undefined && { ca: checked(ca) }),
  });
  const prefix = base.pathname.replace(/\/+$/, "");
  return {
    send: (request, signal) => exchange(request, { base, prefix, agent, signal }),
    close: () => agent.destroy(),
  };
}

function checked(pem: string): string {
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new InputError("the CA holds no certificate that can be read", "Give a file in PEM form, as in ca.pem.");
  }
}

interface Line {
  readonly base: URL;
  readonly prefix: string;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

function exchange({ method, path, headers, body }: RawRequest, line: Line): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        hostname: line.base.hostname.replace(/^\[|\]$/g, ""),
        port: line.base.port,
        path: line.prefix + path,
        method,
        agent: line.agent,
        signal: line.signal,
        headers: sent(headers, body),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let length = 0;
        const finish = () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(incoming.headersDistinct).map(([name, values]) => [name, (values ?? []).join(", ")]),
            ),
            text: Buffer.concat(chunks).toString("utf8"),
          });
        incoming.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          length += chunk.length;
          if (length > longestReply) incoming.destroy();
        });
        incoming.once("end", finish);
        // A server that refuses early may hang up while the rest of the body is still on its way.
        incoming.once("error", (error) => (length > longestReply ? finish() : reject(told(error))));
        incoming.once("close", () => {
          if (!incoming.complete) reject(new WireError("an answer that breaks off", false));
        });
      },
    );
    // Stays: an error after the answer must not end the process.
    outgoing.on("error", (error) => reject(told(error)));
    outgoing.end(body);
  });
}

function sent(headers: RawRequest["headers"], body: RawRequest["body"]): OutgoingHttpHeaders {
  const given = Object.entries(headers).filter(([, value]) => typeof value === "string" || value.length > 0);
  const framed = "transfer-encoding" in headers || body === undefined;
  return {
    ...(framed ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...Object.fromEntries(given),
  } as OutgoingHttpHeaders;
}

/** Messages of the system name addresses; the code says enough. */
function told(error: Error & { readonly code?: unknown }): WireError {
  const code = typeof error.code === "string" ? error.code : error.name;
  const gone = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"].includes(code);
  return new WireError(`no answer (${code})`, gone || /CERT|SSL|TLS|SELF_SIGNED|ISSUER/.test(code));
}
