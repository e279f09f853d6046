import { CardeaError } from "@cardea/core";

interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly help: string;
}

const unavailable = (host: string): Explanation => ({
  code: "address_unavailable",
  message: `${host} is not an address of this machine: listen on one that it has`,
  help: "Use 127.0.0.1 for this machine alone, or 0.0.0.0 for all of its addresses.",
});

/** By the code of the system. */
const explanations: Readonly<Record<string, (host: string, port: number) => Explanation>> = {
  EADDRINUSE: (host, port) => ({
    code: "port_in_use",
    message: `port ${port} on ${host} is taken by another program: stop it, or choose another port`,
    help: "Port 0 takes a free one.",
  }),
  EACCES: (_, port) => ({
    code: "port_denied",
    message: `this user may not listen on port ${port}: choose one above 1023`,
    help: "Or let a proxy listen there and forward to the authority.",
  }),
  EADDRNOTAVAIL: unavailable,
  EAI_AGAIN: unavailable,
  EINVAL: unavailable,
  ENOTFOUND: unavailable,
};

/** Why a listener could not be opened, in words that say what to do. What has none is passed on as it is. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const explained = explanations[error.code ?? ""]?.(host, port);
  return explained === undefined ? error : new CardeaError(explained.message, { ...explained, cause: error });
}
