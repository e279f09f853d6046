import type { Transport } from "@cardea/core";

/** What the client asks of the runtime's own transport. */
export interface TrustOptions {
  /** PEM text. */
  readonly caCert?: string;
  /** The path of a PEM file. */
  readonly caCertPath?: string;
  readonly allowInsecureLoopback: boolean;
}

/** A transport that may hold connections open. */
export type ClientTransport = Transport & { readonly close?: () => void };

/** Makes the runtime's own transport. `#transport` resolves to one of two modules that export it. */
export type PlatformTransport = (options: TrustOptions) => ClientTransport;
