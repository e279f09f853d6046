import type { HttpReply, HttpRequest } from "../http.js";
import type { Transport } from "../io.js";
import { failure } from "./failures.js";
import { ReplyBody, redirected, refuseLongHeaders, refuseRedirect } from "./rules.js";

/** How a `fetch` is called here: by every runtime's own and by what tests put in its place. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * The transport of every runtime. Trust in certificates is the runtime's; where a CA of one's own matters, take the
 * HTTPS transport.
 */
export function fetchTransport(options: { readonly fetch?: Fetch } = {}): Transport {
  // Looked up at each call, so that what instruments the global is seen.
  const send: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  return async (request, signal) => {
    let status: number | undefined;
    try {
      const response = await send(request.url, initOf(request, signal));
      // Browsers show no more of a redirect than that it was one.
      if (response.type === "opaqueredirect") throw redirected(request);
      status = response.status;
      return await read(request, response);
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      throw failure(request, thrown, status === undefined ? {} : { status });
    }
  };
}

function initOf(request: HttpRequest, signal: AbortSignal): RequestInit {
  return {
    method: request.method,
    headers: request.headers,
    ...(request.body === undefined ? {} : { body: request.body as NonNullable<RequestInit["body"]> }),
    signal,
    redirect: "manual",
    // Some runtimes have no cookies, and refuse the member that would keep them out.
    ...("credentials" in Request.prototype ? { credentials: "omit" as const } : {}),
  };
}

async function read(request: HttpRequest, response: Response): Promise<HttpReply> {
  const { status } = response;
  const headers = Object.fromEntries(response.headers);
  const body = new ReplyBody(request, status);
  const reader = response.body?.getReader();
  try {
    refuseRedirect(request, { status, headers });
    refuseLongHeaders(request, headers);
    let chunk = await reader?.read();
    while (chunk?.value !== undefined && body.add(chunk.value)) chunk = await reader?.read();
  } finally {
    // Frees the connection of a body that nobody reads to its end. Whether that works is no matter of the caller's.
    reader?.cancel().catch(() => undefined);
  }
  return body.reply(status, headers);
}
