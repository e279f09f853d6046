import { ReplyDropped, type InMemoryAuthority } from "@cardea/authority";
import { TransportError, type Transport } from "@cardea/core";
import { memoryTransport } from "@cardea/core/memory";

/** Straight into an authority. A dropped connection looks as it does on a socket. */
export function transportInto(authority: Pick<InMemoryAuthority, "handle">): Transport {
  return memoryTransport(async (request) => {
    try {
      return await authority.handle(request);
    } catch (error) {
      if (!(error instanceof ReplyDropped)) throw error;
      throw new TransportError(`${request.route}: the connection was dropped`, { code: "connection_failed" });
    }
  });
}
