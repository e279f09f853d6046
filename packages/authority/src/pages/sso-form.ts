import type { Clock } from "@cardea/core";
import type { Seals } from "../keys/seal.js";

/** Where a browser comes from, and where it goes back to. */
export interface SsoRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
}

/** How long a form may be filled in. */
const formMs = 10 * 60_000;

/** Sealed values that belong to no row: bound to the page and the request that they were made for. */
const place = (request: SsoRequest) => ({
  table: "pages",
  column: "sso_form",
  row: JSON.stringify([request.clientId, request.redirectUri, request.state]),
});

/** A value in the form that only this house can have made, for this request, lately. */
export function formValue(seals: Seals, clock: Pick<Clock, "now">, request: SsoRequest): string {
  const until = new TextEncoder().encode(String(clock.now() + formMs));
  return Buffer.from(seals.seal(place(request), until)).toString("base64url");
}

/** Whether a form is one of ours, for this request, and not too old. */
export function isFormValue(seals: Seals, clock: Pick<Clock, "now">, request: SsoRequest, value: string): boolean {
  try {
    const until = new TextDecoder().decode(seals.open(place(request), Buffer.from(value, "base64url")));
    return clock.now() < Number(until);
  } catch {
    // Whatever cannot be opened was not sealed here for this.
    return false;
  }
}
