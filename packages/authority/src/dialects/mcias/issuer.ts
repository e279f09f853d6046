import type { Inbound } from "../../front/exchange.js";

/** Section 3: the server's base URL, as this request reached it. */
export function issuerOf(request: Inbound): string {
  return `${request.origin}${request.mount}`;
}
