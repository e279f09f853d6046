import type { HttpReply, HttpRequest, Transport } from "@cardea/core";

/** Called like the platform's `fetch`. */
export type TestFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** More than any wire sends. */
const longestReply = 64 * 1024 * 1024;

/** A `fetch` whose requests go through a transport: into a handler, or to a server with a CA of its own. */
export function fetchOver(transport: Transport): TestFetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const sent = await requestFrom(request);
    try {
      return responseFrom(await transport(sent, request.signal));
    } catch (cause) {
      request.signal.throwIfAborted();
      // What the platform's own throws where no answer comes.
      throw new TypeError("fetch failed", { cause });
    }
  };
}

async function requestFrom(request: Request): Promise<HttpRequest> {
  const body = new Uint8Array(await request.arrayBuffer());
  return {
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    ...(body.length > 0 && { body }),
    route: `${request.method} by fetch`,
    repeat: "never",
    limits: { success: longestReply, error: longestReply },
  };
}

/** Statuses that a `Response` may have no body with. */
const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);

function responseFrom({ status, headers, body }: HttpReply): Response {
  return new Response(bodyless.has(status) ? null : Uint8Array.from(body), { status, headers });
}
