/**
 * Compact JWS (RFC 7515) as this authority writes and reads its own: the header is fixed, so nothing of a token chooses
 * how it is verified, and base64url is canonical, so one token has one spelling.
 */

/** A protected header, encoded. */
export function encodeHeader(header: Readonly<Record<string, string>>): string {
  return Buffer.from(JSON.stringify(header)).toString("base64url");
}

/** Writes a token. The claims stand in the order of the object. */
export function writeJws(header: string, claims: object, sign: (input: Uint8Array) => Uint8Array): string {
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${input}.${Buffer.from(sign(Buffer.from(input))).toString("base64url")}`;
}

/**
 * Reads a token that carries exactly this header and a signature that `verify` takes.
 *
 * @returns the claims, an object of unknown members; `undefined` for anything else
 */
export function readJws(
  token: string,
  header: string,
  verify: (input: Uint8Array, signature: Uint8Array) => boolean,
): Readonly<Record<string, unknown>> | undefined {
  const [first, second, third, ...more] = token.split(".");
  if (first !== header || second === undefined || third === undefined || more.length > 0) return undefined;
  const payload = canonicalBytes(second);
  const signature = canonicalBytes(third);
  if (payload === undefined || signature === undefined) return undefined;
  if (!verify(Buffer.from(`${first}.${second}`), signature)) return undefined;
  try {
    const claims: unknown = JSON.parse(payload.toString("utf8"));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Padding, blanks, another alphabet and stray low bits all come back as another text. */
function canonicalBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.length > 0 && bytes.toString("base64url") === text ? bytes : undefined;
}
