import { readFileSync } from "node:fs";
import { InputError } from "@cardea/core";
import { httpsTransport } from "@cardea/core/https";
import type { PlatformTransport } from "./transport.js";

/**
 * Node's own HTTPS, where a client can have a CA of its own (wire document, 6.4). The file is read once, here.
 *
 * @throws InputError where the CA cannot be read or holds no certificate
 */
export const platformTransport: PlatformTransport = ({ caCert, caCertPath, allowInsecureLoopback }) => {
  if (caCert !== undefined && caCertPath !== undefined) {
    throw new InputError("caCert and caCertPath: only one of them says which CA to trust");
  }
  const ca = caCertPath === undefined ? caCert : fileText(caCertPath);
  return httpsTransport({ ...(ca === undefined ? {} : { ca }), allowHttpLoopback: allowInsecureLoopback });
};

function fileText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new InputError(
      "caCertPath: the file cannot be read",
      "Give the path of a PEM file that this process may read.",
    );
  }
}
