import { InputError } from "@cardea/core";
import { fetchTransport } from "@cardea/core/fetch";
import type { PlatformTransport } from "./transport.js";

/**
 * The runtime's own `fetch`, for browsers and workers. Which certificates are good is the runtime's matter there.
 *
 * @throws InputError where a CA is given, because it could not be the only one that is trusted
 */
export const platformTransport: PlatformTransport = ({ caCert, caCertPath }) => {
  if (caCert !== undefined || caCertPath !== undefined) {
    throw new InputError(
      "caCert and caCertPath: this runtime takes no CA of the caller's",
      "Leave them out, and let the runtime or the operating system trust the CA.",
    );
  }
  return fetchTransport();
};
