import { reroute } from "@cardea/core";
import * as contract from "./contract.js";

/** The name of an operation: that of its row in the contract and of its method on the client. */
export type OperationName = Exclude<keyof typeof contract, "mcias">;

/** Routes that a server has elsewhere, such as `{ revokeToken: "POST /v1/token/{jti}/revoke" }`. */
export type Paths = { readonly [Name in OperationName]?: string };

/** The rows that the client calls. */
export type Operations = Pick<typeof contract, OperationName>;

/**
 * The rows of the contract, some of them under other routes (wire document, 6.1, `paths`).
 *
 * @throws TypeError for a name or a route that does not exist, and for a path without the ids of the operation: a
 * deletion of one account must not become a deletion of all
 */
export function operationsAt(paths: Paths = {}): Operations {
  const moved = Object.entries(paths).map(([name, route]) => {
    if (!isOperation(name)) throw new TypeError(`paths: there is no operation ${JSON.stringify(name)}`);
    const operation = contract[name];
    const elsewhere = reroute(operation, route);
    if (idsOf(elsewhere.path) !== idsOf(operation.path)) {
      throw new TypeError(`paths: ${name} must name the same parts as ${operation.path}`);
    }
    return [name, elsewhere] as const;
  });
  return { ...contract, ...Object.fromEntries(moved) };
}

function isOperation(name: string): name is OperationName {
  return Object.hasOwn(contract, name) && name !== "mcias";
}

function idsOf(path: string): string {
  return (path.match(/\{[^}]*\}/g) ?? []).sort().join();
}
