import { redact } from "@cardea/core";

const longest = 300;

/** What a server sends must not command a terminal. */
// eslint-disable-next-line no-control-regex
const unprintable = /[\s\u0000-\u001f\u007f-\u009f]+/g;

/** Hides what nobody may read in a report: the passwords and tokens of the run, and whatever looks like one. */
export class Mask {
  readonly #secrets = new Set<string>();

  /** From now on this text is hidden, also as JSON would spell it. */
  add(secret: string): void {
    this.#secrets.add(secret);
    this.#secrets.add(JSON.stringify(secret).slice(1, -1));
  }

  /** The text without its secrets, on one line and not too long. */
  hide(text: string): string {
    const looks = text
      .replace(/eyJ[\w-]+\.[\w-]*\.[\w-]*/g, "[token]")
      .replace(/("(?:password|token|totp_code)"\s*:\s*)"(?:[^"\\]|\\.)*"/g, '$1"[redacted]"');
    const clean = redact(looks, this.#secrets).replace(unprintable, " ");
    return clean.length > longest ? `${clean.slice(0, longest)}...` : clean;
  }
}
