import { Agent } from "node:https";
import type { AnyOperation } from "@cardea/core";
import * as contract from "@cardea/mcias/contract";
import type { RawReply, TestHouse } from "../mcias/house.js";

function isOperation(value: unknown): value is AnyOperation {
  return typeof value === "object" && value !== null && "wired" in value;
}

/** Every operation of the wire, by name. */
export const operations: readonly (readonly [name: string, op: AnyOperation])[] = Object.entries<unknown>(
  contract,
).flatMap(([name, op]) => (isOperation(op) ? [[name, op] as const] : []));

/** Thousands of requests, and not as many connections. */
export const agent = new Agent({ keepAlive: true, maxSockets: 20 });

/** A body that each operation takes, naming this account where it names one. */
export function bodyFor(name: string, accountId: string, token: string): object | undefined {
  const bodies: Readonly<Record<string, object>> = {
    login: { username: "alice", password: "not the password of alice" },
    validateToken: { token },
    createAccount: { username: "intruder", account_type: "system" },
    updateAccount: { status: "inactive" },
    setRoles: { roles: ["admin"] },
    issueServiceToken: { account_id: accountId },
    setPgCreds: { host: "evil.example", port: 1, database: "d", username: "u", password: "p" },
  };
  return bodies[name];
}

/** Calls an operation on an account. */
export function callOn(
  house: TestHouse,
  [name, op]: readonly [string, AnyOperation],
  accountId: string,
  more: {
    readonly token?: string;
    readonly jti?: string;
    readonly body?: object;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<RawReply> {
  const path = op.path.replace("{id}", accountId).replace("{jti}", more.jti ?? accountId);
  const body = more.body ?? bodyFor(name, accountId, more.token ?? "");
  return house.raw(op.method, path, {
    agent,
    ...(more.token !== undefined && { token: more.token }),
    ...(body !== undefined && { body }),
    ...(more.headers !== undefined && { headers: more.headers }),
  });
}
