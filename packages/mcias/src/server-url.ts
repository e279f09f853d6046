import { InputError } from "@cardea/core";

const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Where a server is. */
export interface ServerUrl {
  /** Scheme, host and port: what may be shown. */
  readonly origin: string;
  /** With path, without a slash at the end. */
  readonly base: string;
}

/**
 * Reads the address of a server (wire document, 1 and 6.4). No message quotes it: it may hold a password.
 *
 * @throws InputError
 */
export function readServerUrl(text: string, { allowInsecureLoopback }: { allowInsecureLoopback: boolean }): ServerUrl {
  if (!URL.canParse(text)) throw new InputError("serverUrl: expected a URL such as https://auth.example.com:8443");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    throw new InputError("serverUrl: must not hold a user name or a password", "Log in with login() instead.");
  }
  if (url.search !== "" || url.hash !== "") throw new InputError("serverUrl: must not hold a query or a fragment");
  const local = url.protocol === "http:" && loopback.has(url.hostname);
  if (url.protocol !== "https:" && !(local && allowInsecureLoopback)) {
    throw new InputError(
      "serverUrl: only https is spoken",
      local
        ? "For tests on this machine set allowInsecureLoopback: true."
        : "Use an address that begins with https://.",
    );
  }
  return { origin: url.origin, base: url.origin + url.pathname.replace(/\/+$/, "") };
}
