/** What a person is told of a wire that works. */
interface WireWords {
  readonly name: string;
  /**
   * Lines that work as they are, in any folder, with what every machine has.
   *
   * @param ca path of the CA's certificate; absent where the system trusts the server already
   */
  linesToPaste(url: string, ca: string | undefined): readonly string[];
}

/** The wires that this version serves, by their keys in `Authority.urls`. */
export const wires: Readonly<Record<string, WireWords>> = {
  mcias: {
    name: "MCIAS",
    linesToPaste: (url, ca) => [
      curl(`${url}/v1/health`, ca),
      node(`fetch("${url}/v1/keys/public").then(r => r.json()).then(console.log)`, ca),
    ],
  },
};

function curl(url: string, ca: string | undefined): string {
  return ["curl", ...(ca === undefined ? [] : ["--cacert", quoted(ca)]), url].join(" ");
}

function node(code: string, ca: string | undefined): string {
  return [...(ca === undefined ? [] : [`NODE_EXTRA_CA_CERTS=${quoted(ca)}`]), "node -e", quoted(code)].join(" ");
}

/** A word for the shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
