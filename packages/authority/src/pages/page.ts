import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { Outbound } from "../front/exchange.js";

/** One style for every page, in the page itself: nothing else is fetched. */
const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fbfaf8; --line: #d3cfc8; --accent: #7a4b00; --on: #fff; --warn: #9b1c1c }
@media (prefers-color-scheme: dark) { :root { --ink: #eceae6; --paper: #17181a; --line: #45474b; --accent: #f0b45a; --on: #17181a; --warn: #ff9a8f } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 27rem; margin: 10vh auto; padding: 0 1.25rem 3rem }
.mark { font-weight: 600; letter-spacing: .08em; color: var(--accent) }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .25rem 0 1rem }
label { display: block; margin: 1.1rem 0 .3rem; font-weight: 600 }
input { width: 100%; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .7rem }
.hint { margin: .3rem 0 0; font-size: .9rem }
button { margin-top: 1.6rem; width: 100%; font: inherit; font-weight: 600; color: var(--on); background: var(--accent); border: 0; border-radius: .4rem; padding: .75rem }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.alert { border-left: 4px solid var(--warn); padding: .1rem .9rem; margin: 1rem 0 }
code { font-size: .95em; overflow-wrap: anywhere }
footer { margin-top: 2.5rem; font-size: .85rem }
`;

/** Whole, so that nothing comes between its tags: the policy knows these very bytes. */
const styleElement = raw(`<style>${style}</style>`);
const styleHash = createHash("sha256").update(style).digest("base64");

/** What every page says to a browser: nothing from elsewhere, no script, no frame, no trace. */
const headers = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "x-content-type-options": "nosniff",
} as const;

/** @param formTarget the origin besides our own that a form may lead to */
function contentPolicy(formTarget: string | undefined): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `form-action 'self'${formTarget === undefined ? "" : ` ${formTarget}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
}

/** Text that is HTML already; everything else is escaped where it is put into a page. */
export type Markup = ReturnType<typeof html>;

/** A whole page. `host` tells the reader where they are. */
export async function page(
  status: number,
  content: {
    readonly title: string;
    readonly host: string;
    readonly body: Markup;
    /** The origin that a form of the page may end in a redirect to. */
    readonly formTarget?: string;
  },
): Promise<Outbound> {
  const text = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${content.title} · Cardea</title>
        ${styleElement}
      </head>
      <body>
        <main>
          <p class="mark">CARDEA</p>
          <h1>${content.title}</h1>
          ${content.body}
          <footer>You are at <code>${content.host}</code>.</footer>
        </main>
      </body>
    </html>`;
  const policy = { "content-security-policy": contentPolicy(content.formTarget) };
  return { status, headers: { ...headers, ...policy }, body: text.toString() };
}

/** What is wrong with what was entered; nothing where nothing is. */
export function alert(problem: string | undefined): Markup | "" {
  return problem === undefined ? "" : html`<div class="alert" role="alert"><p>${problem}</p></div>`;
}

/** The field for a user name. @param attributes further ones, as markup */
export function usernameField(value: string, attributes: Markup | ""): Markup {
  return html`<label for="username">User name</label>
    <input
      id="username"
      name="username"
      value="${value}"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      required
      ${attributes}
    />`;
}
