import { CardeaError, type Clock } from "@cardea/core";
import { html } from "hono/html";
import type { Rate } from "../dialects/dialect.js";
import { BodyTooLarge, type Inbound, type Outbound } from "../front/exchange.js";
import { readParameters } from "../front/parameters.js";
import { createRates } from "../front/rates.js";
import type { Origin } from "../identity/audit.js";
import type { Seals } from "../keys/seal.js";
import { type Markup, alert, page, usernameField } from "./page.js";
import { formValue, isFormValue, type SsoRequest } from "./sso-form.js";

/** What the page asks of the wire that it signs in for. */
export interface SsoDesk {
  /** Whether nobody can sign in now. */
  isShut(): boolean;
  /** Whether a client is registered and enabled, and the address its own, character by character. */
  knows(request: SsoRequest): Promise<boolean>;
  signIn(
    request: SsoRequest,
    credentials: { readonly username: string; readonly password: string; readonly totpCode?: string },
    from: Pick<Origin, "address" | "network" | "requestId">,
  ): Promise<
    | { readonly outcome: "signed_in"; readonly code: string }
    | { readonly outcome: "refused" | "totp_required" | "denied" | "network_locked" | "unknown_client" }
  >;
}

export interface SsoPageDeps {
  readonly desk: SsoDesk;
  readonly seals: Seals;
  readonly clock: Clock;
  /** Of sign-ins, for each network. */
  readonly rate: Rate | "off";
}

const bodyLimit = 16 * 1024;
const longestState = 1024;

/** What the form says after each outcome, and with which status. */
const problems = {
  refused: [401, "The name, the password or the code is not right."],
  totp_required: [401, "This account needs a code too: type the one that your authenticator shows."],
  denied: [403, "The rules of this house do not let you sign in to this service."],
  network_locked: [429, "There were too many failures from your network. Try again later."],
  slower: [429, "Too many tries at once. Wait a moment and try again."],
  busy: [503, "Too many people sign in right now. Try again."],
  stale: [403, "This page had been open for too long, or did not come from here. Sign in again."],
} as const satisfies Record<string, readonly [number, string]>;

type Problem = keyof typeof problems;

/**
 * The page where a browser signs in for a service, and goes back to it with a code (MCIAS wire document, 8). It works
 * without script. A client or address that is not registered is told to the person and never redirected to.
 */
export function ssoPage(deps: SsoPageDeps): (request: Inbound) => Promise<Outbound> {
  const { desk } = deps;
  const rates = createRates({ sso: deps.rate }, deps.clock);
  return async (request) => {
    if (request.method !== "GET" && request.method !== "POST") {
      return { status: 405, headers: { allow: "GET, HEAD, POST" }, body: "" };
    }
    if (desk.isShut())
      return message(request, 503, "Not now", html`<p>This house is sealed. Its operator can open it.</p>`);
    const asked = requestFrom(request);
    if (asked === undefined || !(await desk.knows(asked))) return strange(request);
    if (request.method === "GET") return form(deps, request, asked, 200, {});
    if (rates.take("sso", request.network) !== undefined) return again(deps, request, asked, "slower");
    return submit(deps, request, asked);
  };
}

function requestFrom({ query }: Inbound): SsoRequest | undefined {
  const { client_id: clientId = "", redirect_uri: redirectUri = "", state = "" } = query;
  if (clientId === "" || redirectUri === "" || state === "" || state.length > longestState) return undefined;
  return { clientId, redirectUri, state };
}

async function submit(deps: SsoPageDeps, request: Inbound, asked: SsoRequest): Promise<Outbound> {
  const { desk, seals, clock } = deps;
  const fields = await fieldsOf(request);
  if (fields === undefined) return strange(request);
  const { username = "", password = "", code = "", form: value = "" } = fields;
  if (isFromElsewhere(request) || !isFormValue(seals, clock, asked, value)) {
    return again(deps, request, asked, "stale", username);
  }
  if (username === "" || password === "") return again(deps, request, asked, "refused", username);
  try {
    const attempt = await desk.signIn(
      asked,
      { username, password, ...(code !== "" && { totpCode: code }) },
      { address: request.address, network: request.network, requestId: request.id },
    );
    if (attempt.outcome === "unknown_client") return strange(request);
    if (attempt.outcome !== "signed_in") return again(deps, request, asked, attempt.outcome, username);
    return back(asked, attempt.code);
  } catch (error) {
    if (error instanceof CardeaError && error.code === "busy") return again(deps, request, asked, "busy", username);
    throw error;
  }
}

async function fieldsOf(request: Inbound): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const read = readParameters(new TextDecoder().decode(await request.body(bodyLimit)));
    return "problem" in read ? undefined : read.values;
  } catch (error) {
    if (error instanceof BodyTooLarge) return undefined;
    throw error;
  }
}

/** Browsers say where a form was sent from; one that was not sent from this page is nobody's sign-in. */
function isFromElsewhere({ headers, repeated, origin }: Inbound): boolean {
  if (repeated.has("sec-fetch-site") || repeated.has("origin")) return true;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin";
  const sender = headers["origin"];
  // Pages that hide their referrer send "null" from themselves too.
  return sender !== undefined && sender !== "null" && sender !== origin;
}

function back({ redirectUri, state }: SsoRequest, code: string): Outbound {
  const url = new URL(redirectUri);
  url.searchParams.append("code", code);
  url.searchParams.append("state", state);
  const headers = { location: url.href, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  return { status: 303, headers, body: "" };
}

function again(
  deps: SsoPageDeps,
  request: Inbound,
  asked: SsoRequest,
  problem: Problem,
  username = "",
): Promise<Outbound> {
  return form(deps, request, asked, problems[problem][0], { problem, username });
}

async function form(
  { seals, clock }: SsoPageDeps,
  request: Inbound,
  asked: SsoRequest,
  status: number,
  entered: { readonly username?: string; readonly problem?: Problem },
): Promise<Outbound> {
  const { username = "", problem } = entered;
  const wait = status === 429 ? { "retry-after": "60" } : {};
  const shown = await page(status, {
    title: "Sign in",
    host: request.origin,
    // A browser holds the redirect at the end of the form against this as well.
    formTarget: new URL(asked.redirectUri).origin,
    body: html`<p>
        <strong>${asked.clientId}</strong> asks who you are. You go back to ${new URL(asked.redirectUri).host}.
      </p>
      ${alert(problem === undefined ? undefined : problems[problem][1])}
      <form method="post">
        <input type="hidden" name="form" value="${formValue(seals, clock, asked)}" />
        ${usernameField(username, problem === undefined ? "" : html`autofocus`)}
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
        <label for="code">Code</label>
        <input
          id="code"
          name="code"
          inputmode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9]{6}"
          aria-describedby="code-hint"
        />
        <p class="hint" id="code-hint">Six digits of your authenticator. Leave it empty if you have none.</p>
        <button>Sign in</button>
      </form>`,
  });
  return { ...shown, headers: { ...shown.headers, ...wait } };
}

/** Never redirects: the address may be an attacker's. */
function strange(request: Inbound): Promise<Outbound> {
  return message(
    request,
    400,
    "This link is not right",
    html`<p>
        The service that sent you here is not registered, or asked in a way that it must not. Nothing was sent to it.
      </p>
      <p>Tell whoever runs that service.</p>`,
  );
}

function message(request: Inbound, status: number, title: string, body: Markup): Promise<Outbound> {
  return page(status, { title, host: request.origin, body });
}
