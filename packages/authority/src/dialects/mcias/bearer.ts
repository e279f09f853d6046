import type { Inbound } from "../../front/exchange.js";

/**
 * The bearer token of a request (section 1): exactly one `Authorization` header, the scheme in any case, one or more
 * blanks. Everything else is as if there were none.
 */
export function bearerOf(request: Inbound): string | undefined {
  return /^bearer +([^ ].*)$/i.exec(request.headers["authorization"] ?? "")?.[1];
}
