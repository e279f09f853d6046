import type { Mount, Outbound } from "./exchange.js";
import { refusal } from "./refusals.js";

/** The mounts by prefix, the longest first. */
export interface Mounts {
  /** Whose path it is, and what is left of it behind the prefix. @param path canonical */
  find(path: string): { readonly mount: Mount; readonly path: string } | undefined;
  /** The answer to a path that is nobody's: it names the prefixes that there are. */
  readonly unknown: Outbound;
}

export function createMounts(mounts: readonly Mount[]): Mounts {
  const byLength = [...mounts].sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    find(path) {
      for (const mount of byLength) {
        const { prefix } = mount;
        if (path === prefix) return { mount, path: "/" };
        if (path.startsWith(prefix) && path[prefix.length] === "/") return { mount, path: path.slice(prefix.length) };
      }
      return undefined;
    },
    unknown: refusal(404, "not_found", "nothing is served under this path", {
      expected: mounts.map(({ prefix }) => `${prefix}/`).sort(),
      help: "Put the service's prefix before the path: the base address of a client ends with it.",
    }),
  };
}
