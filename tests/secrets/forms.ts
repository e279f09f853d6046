/** A value that must not show, and what it is called where it does. */
export interface Planted {
  readonly name: string;
  readonly value: string | Uint8Array;
  /** Digits only, and few: they count where nothing of the same kind stands around them. */
  readonly short?: boolean;
}

/** Where a secret was found: its name and the form it had. */
export interface Finding {
  readonly secret: string;
  readonly form: string;
}

type Encode = (bytes: Buffer) => Buffer | string | readonly string[];

const ascii = (text: string) => text.replace(/[^\x20-\x7e]/g, escaped);
const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Every way in which a value may be written down. Bytes that are no text have the binary forms alone. */
export const forms: Readonly<Record<string, Encode>> = {
  plain: (bytes) => bytes,
  hex: (bytes) => bytes.toString("hex"),
  "hex, upper case": (bytes) => bytes.toString("hex").toUpperCase(),
  base64: (bytes) => alignments(bytes, "base64"),
  base64url: (bytes) => alignments(bytes, "base64url"),
  "percent-encoded": (bytes) => encodeURIComponent(bytes.toString("utf8")),
  "form-encoded": (bytes) => new URLSearchParams({ "": bytes.toString("utf8") }).toString().slice(1),
  "percent-encoded throughout": (bytes) => bytes.toString("hex").replace(/../g, (pair) => `%${pair.toUpperCase()}`),
  JSON: (bytes) => JSON.stringify(bytes.toString("utf8")).slice(1, -1),
  "JSON in ASCII": (bytes) => ascii(JSON.stringify(bytes.toString("utf8")).slice(1, -1)),
  "JSON in JSON": (bytes) => JSON.stringify(JSON.stringify(bytes.toString("utf8"))).slice(3, -3),
  "UTF-16, little-endian": (bytes) => Buffer.from(bytes.toString("utf8"), "utf16le"),
  "UTF-16, big-endian": (bytes) => Buffer.from(bytes.toString("utf8"), "utf16le").swap16(),
};

const binaryForms = ["plain", "hex", "hex, upper case", "base64", "base64url", "percent-encoded throughout"];

/**
 * What stands in the text whichever of three places the value has in what was encoded: of the letters at both ends the
 * neighbours decide, so they are left out.
 */
function alignments(bytes: Buffer, encoding: "base64" | "base64url"): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString(encoding)
      .replace(/=+$/, "");
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(Math.ceil((before * 8) / 6), whole);
  });
}

/** Looks for all secrets in all their forms. */
export function search(haystack: Uint8Array, secrets: readonly Planted[]): Finding[] {
  const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
  return secrets.flatMap((secret) =>
    Object.entries(needlesOf(secret))
      .filter(([, needles]) => needles.some((needle) => contains(bytes, needle, secret.short ?? false)))
      .map(([form]) => ({ secret: secret.name, form })),
  );
}

function needlesOf({ value, short = false }: Planted): Record<string, Buffer[]> {
  const bytes = Buffer.from(value);
  const names = short ? ["plain"] : typeof value === "string" ? Object.keys(forms) : binaryForms;
  return Object.fromEntries(
    names.map((name) => {
      const made = forms[name]?.(bytes) ?? [];
      const list = typeof made === "string" || Buffer.isBuffer(made) ? [made] : made;
      return [name, list.map((needle) => Buffer.from(needle))];
    }),
  );
}

function contains(haystack: Buffer, needle: Buffer, apart: boolean): boolean {
  let at = haystack.indexOf(needle);
  while (at !== -1) {
    if (!apart) return true;
    const around = [haystack[at - 1], haystack[at + needle.length]];
    if (!around.some((byte) => byte !== undefined && /[0-9A-Za-z.]/.test(String.fromCharCode(byte)))) return true;
    at = haystack.indexOf(needle, at + 1);
  }
  return false;
}
