import { CardeaError, type Clock } from "@cardea/core";
import { html } from "hono/html";
import { BodyTooLarge, type Inbound, type Mount, type Outbound } from "../front/exchange.js";
import { usernameForm } from "../identity/accounts.js";
import type { Origin } from "../identity/audit.js";
import { isAcceptablePassword, passwordBytes } from "../identity/passwords.js";
import { isSetupLinkOpen, useSetupLink } from "../identity/setup-link.js";
import type { Storage } from "../storage/storage.js";
import type { HashPool } from "../workers/hash-pool.js";
import { alert, page, usernameField } from "./page.js";

export interface SetupDeps {
  readonly storage: Storage;
  readonly hashes: HashPool;
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly rowId: () => string;
  /** Told once, when the first administrator was made. */
  readonly done: () => void;
}

const bodyLimit = 8 * 1024;

/** The page behind the one-time set-up link: it makes the first administrator. */
export function setupPages(deps: SetupDeps): Mount {
  return {
    name: "setup",
    prefix: "/setup",
    secureOnly: true,
    async handle(request) {
      const code = /^\/([A-Za-z0-9_-]{20,64})$/.exec(request.path)?.[1];
      if (code === undefined) return over(request);
      if (request.method === "GET") return form(request, 200, {});
      if (request.method === "POST") return submit(deps, request, code);
      return { status: 405, headers: { allow: "GET, HEAD, POST" }, body: "" };
    },
  };
}

interface Entered {
  readonly username?: string;
  readonly problem?: { readonly field: "username" | "password" | "again"; readonly text: string };
}

async function submit(deps: SetupDeps, request: Inbound, code: string): Promise<Outbound> {
  let entered: URLSearchParams;
  try {
    entered = new URLSearchParams(new TextDecoder().decode(await request.body(bodyLimit)));
  } catch (error) {
    if (error instanceof BodyTooLarge) return form(request, 413, {});
    throw error;
  }
  const username = entered.get("username") ?? "";
  const password = entered.get("password") ?? "";
  const problem = problemWith(username, password, entered.get("again") ?? "");
  if (problem !== undefined) return form(request, 400, { username, problem });

  // Whoever has no link has no claim to the work of a hash either.
  if (!(await isSetupLinkOpen(deps.storage.read, deps.clock.now(), code))) return over(request);
  const passwordHash = await hashIfFree(deps, password, request.network);
  if (passwordHash === undefined) {
    const busy = { field: "password", text: "Too much is going on here. Type it again in a moment." } as const;
    const reply = await form(request, 503, { username, problem: busy });
    return { ...reply, headers: { ...reply.headers, "retry-after": "2" } };
  }
  const origin: Origin = {
    wire: "operator",
    operation: "setup",
    address: request.address,
    network: request.network,
    requestId: request.id,
  };
  const outcome = await deps.storage.unit((tx) =>
    useSetupLink(tx, origin, deps.clock.now(), code, {
      id: deps.rowId(),
      wire: "mcias",
      subject: deps.uuid(),
      username,
      kind: "human",
      passwordHash,
    }),
  );
  switch (outcome) {
    case "made":
      deps.done();
      return page(200, {
        title: "The house is yours",
        host: request.origin,
        body: html`<p><strong>${username}</strong> is the administrator now. This link does not work any more.</p>
          <p>
            Log in through any wire that this authority speaks; its addresses are in the terminal that started it.
          </p>`,
      });
    case "username_taken":
      return form(request, 409, {
        username,
        problem: { field: "username", text: "That name is taken. Choose another." },
      });
    case "link_over":
      return over(request);
  }
}

/** @returns `undefined` where too many passwords wait to be hashed */
async function hashIfFree(deps: SetupDeps, password: string, network: string): Promise<string | undefined> {
  try {
    return await deps.hashes.hash(password, network);
  } catch (error) {
    if (error instanceof CardeaError && error.code === "busy") return undefined;
    throw error;
  }
}

function problemWith(username: string, password: string, again: string): Entered["problem"] {
  if (!usernameForm.test(username)) {
    return { field: "username", text: "Use 1 to 63 letters, digits, and . _ @ - and begin with a letter or digit." };
  }
  if (!isAcceptablePassword(password)) {
    return {
      field: "password",
      text: `Use at least ${passwordBytes.least} characters, and at most ${passwordBytes.most}.`,
    };
  }
  if (password !== again) return { field: "again", text: "The two passwords differ. Type them once more." };
  return undefined;
}

function form(request: Inbound, status: number, { username = "", problem }: Entered): Promise<Outbound> {
  const mark = (field: string) => (problem?.field === field ? html`aria-invalid="true" autofocus` : "");
  return page(status, {
    title: "Make the first administrator",
    host: request.origin,
    body: html`<p>Nobody can administer this authority yet. Whoever fills this in, can.</p>
      ${alert(problem?.text)}
      <form method="post">
        ${usernameField(username, mark("username"))}
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          required
          aria-describedby="rule"
          ${mark("password")}
        />
        <p class="hint" id="rule">At least ${passwordBytes.least} characters. A sentence is better than a riddle.</p>
        <label for="again">Password again</label>
        <input id="again" name="again" type="password" autocomplete="new-password" required ${mark("again")} />
        <button>Make the administrator</button>
      </form>`,
  });
}

/** One answer for a link that never was, was used, or is too old. */
function over(request: Inbound): Promise<Outbound> {
  return page(404, {
    title: "This link does not work",
    host: request.origin,
    body: html`<p>It was used, or it is too old, or an administrator exists already.</p>
      <p>While there is none, <code>cardea setup</code> prints a new link.</p>`,
  });
}
