import { call, Secret, type Io, type Operation } from "@cardea/core";
import { unlessAborted } from "./abort.js";
import { bearerOf, mayBeToken } from "./bearer.js";
import { introduce, type Exchange } from "./caller.js";
import { MciasAuthError, MciasError, mciasErrorFrom } from "./errors.js";
import { operationsAt, type Operations } from "./operations.js";
import { oneOf, portFor, transportFor, type CallOptions, type MciasClientOptions } from "./options.js";
import {
  account,
  tokenResult,
  validationResult,
  type Account,
  type AccountStatus,
  type AccountType,
  type PgCreds,
  type PublicKey,
  type TokenResult,
  type ValidationResult,
} from "./results.js";
import { readServerUrl, type ServerUrl } from "./server-url.js";
import { TokenState, type TokenSnapshot } from "./token-state.js";
import type { ClientTransport } from "./transport.js";

/**
 * A client of one MCIAS server (wire document, 6).
 *
 * It holds one token: `login` and `renewToken` store it, `logout` clears it, and every call that needs one carries it.
 * Nothing is called until a method is, no call logs in by itself, and no redirect is followed.
 *
 * Every method rejects with a `MciasError`: of a class of its own for 400, 401, 403, 404, 409 and 5xx, with
 * `MciasTransportError` where no usable answer came, with `MciasDecodeError` where the answer breaks the contract.
 * `code`s are listed in the README. Those that need a token reject with `MciasAuthError` where there is none, and with
 * `TypeError` where it holds characters that no token has; no request is made then.
 */
export class MciasClient {
  readonly #server: ServerUrl;
  readonly #transport: ClientTransport;
  readonly #io: Io;
  readonly #operations: Operations;
  readonly #decoding: "strict" | "lenient";
  readonly #validateVia: "body" | "bearer";
  readonly #loginContext: { readonly service_name?: string; readonly tags?: string[] };
  readonly #state: TokenState;

  /** Logs out, whatever comes of it, and ends idle connections: `await using client = new MciasClient(...)`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    const asyncDispose = (Symbol as { readonly asyncDispose?: symbol }).asyncDispose;
    if (asyncDispose !== undefined) {
      Object.defineProperty(this.prototype, asyncDispose, {
        value: async function (this: MciasClient) {
          await this.logout().catch(() => undefined);
          this.#transport.close?.();
        },
      });
    }
  }

  /**
   * Makes no call.
   *
   * @throws MciasInputError `invalid_input` for an address that is not `https:` or holds a user name, and for a CA that
   * cannot be read
   * @throws TypeError for `paths`, `decoding` or `validateVia` that make no sense
   */
  constructor(options: MciasClientOptions) {
    try {
      const allowInsecureLoopback = options.allowInsecureLoopback === true;
      this.#server = readServerUrl(options.serverUrl, { allowInsecureLoopback });
      this.#transport = transportFor(options);
    } catch (error) {
      throw mciasErrorFrom(error);
    }
    const { serviceName = "", tags = [], token } = options;
    this.#io = portFor(options, this.#transport);
    this.#operations = operationsAt(options.paths);
    this.#decoding = oneOf("decoding", options.decoding ?? "strict", ["strict", "lenient"]);
    this.#validateVia = oneOf("validateVia", options.validateVia ?? "body", ["body", "bearer"]);
    this.#loginContext = {
      ...(serviceName !== "" && { service_name: serviceName }),
      ...(tags.length > 0 && { tags: [...tags] }),
    };
    this.#state = new TokenState(token === undefined ? {} : { token: Secret.of(token) });
    introduce(this, {
      holding: (operation, input, exchange) => this.#callHolding(operation, input, exchange),
      plainly: (operation, input, exchange) => this.#call(operation, input, exchange),
      signingIn: (operation, input, exchange) =>
        unlessAborted(exchange.signal, () =>
          this.#state.inTurn(async (seen) =>
            this.#hold(seen, tokenResult(await this.#call(operation, input, exchange))),
          ),
        ),
    });
  }

  /** The token that is held now. */
  get token(): string | undefined {
    return this.#state.current.token?.expose();
  }

  /**
   * Logs a human in and holds the token.
   *
   * @throws MciasAuthError `totp_required` where the password was right and `totpCode` (6 digits) is needed too
   * @throws MciasForbiddenError where a policy of the server denies it, with right credentials
   */
  async login(
    username: string,
    password: string | Secret,
    totpCode?: string | Secret,
    { signal }: CallOptions = {},
  ): Promise<TokenResult> {
    const secrets = { password: Secret.of(password), code: Secret.of(totpCode ?? "") };
    const turn = async (seen: TokenSnapshot) => {
      const code = secrets.code.expose();
      const json = {
        username,
        password: secrets.password.expose(),
        ...(code !== "" && { totp_code: code }),
        ...this.#loginContext,
      };
      const reply = await this.#call(this.#operations.login, { json }, { signal, secrets: Object.values(secrets) });
      return this.#hold(seen, tokenResult(reply));
    };
    return unlessAborted(signal, () => this.#state.inTurn(turn));
  }

  /** Revokes the token and forgets it, also where the server says that it was dead already. Without one, does nothing. */
  async logout({ signal }: CallOptions = {}): Promise<void> {
    const turn = async (seen: TokenSnapshot) => {
      if (seen.token === undefined) return;
      try {
        await this.#callHolding(this.#operations.logout, {}, { signal }, seen);
      } catch (error) {
        if (!(error instanceof MciasAuthError)) throw error;
      }
      this.#state.replace(seen, {});
    };
    return unlessAborted(signal, () => this.#state.inTurn(turn));
  }

  /**
   * Puts a new token in the place of the one that is held, which dies. Calls at the same time share one request; the
   * signal ends the waiting of its own caller and not the renewal, whose answer would be lost.
   */
  async renewToken({ signal }: CallOptions = {}): Promise<TokenResult> {
    const turn = async (seen: TokenSnapshot) => {
      const reply = await this.#callHolding(this.#operations.renewToken, {}, {}, seen);
      return this.#hold(seen, tokenResult(reply));
    };
    return unlessAborted(signal, () => this.#state.inSharedTurn(turn));
  }

  /** Asks the server about any token. One that is not valid is a result and no error. The held token plays no part. */
  async validateToken(token: string | Secret, { signal }: CallOptions = {}): Promise<ValidationResult> {
    const asked = Secret.of(token);
    if (!mayBeToken(asked.expose())) return { valid: false };
    const { validateToken } = this.#operations;
    const reply =
      this.#validateVia === "bearer"
        ? await this.#call(validateToken, {}, { signal, token: asked })
        : await this.#call(validateToken, { json: { token: asked.expose() } }, { signal, secrets: [asked] });
    return validationResult(reply);
  }

  /** The key that the server signs with. */
  async getPublicKey({ signal }: CallOptions = {}): Promise<PublicKey> {
    const { kty, crv, x } = await this.#call(this.#operations.getPublicKey, {}, { signal });
    return { kty, crv, x };
  }

  /** Resolves where the server can serve, sealed or not; rejects on 5xx and where no usable answer comes. */
  async health({ signal }: CallOptions = {}): Promise<void> {
    try {
      await this.#call(this.#operations.health, {}, { signal });
    } catch (error) {
      // Whoever refuses the question is up (2.3).
      if (!(error instanceof MciasError && error.status >= 400 && error.status < 500)) throw error;
    }
  }

  /**
   * Needs `admin`. A human has a password (12 to 1024 bytes), a system account has none.
   *
   * @throws MciasConflictError where the name is taken, also by a deleted account
   */
  async createAccount(
    username: string,
    accountType: AccountType,
    password?: string | Secret,
    { signal }: CallOptions = {},
  ): Promise<Account> {
    const secrets = password === undefined ? [] : [Secret.of(password)];
    const json = {
      username,
      account_type: accountType,
      ...(secrets[0] !== undefined && { password: secrets[0].expose() }),
    };
    return account(await this.#callHolding(this.#operations.createAccount, { json }, { signal, secrets }));
  }

  /** Needs `admin`. All but the deleted, the oldest first. */
  async listAccounts({ signal }: CallOptions = {}): Promise<Account[]> {
    return (await this.#callHolding(this.#operations.listAccounts, {}, { signal })).map(account);
  }

  /** Needs `admin`. Also a deleted one. */
  async getAccount(id: string, { signal }: CallOptions = {}): Promise<Account> {
    return account(await this.#callHolding(this.#operations.getAccount, { path: { id } }, { signal }));
  }

  /**
   * Needs `admin`. `inactive` revokes every token of the account.
   *
   * @throws MciasConflictError where it is the last administrator
   */
  async updateAccount(
    id: string,
    { status }: { readonly status?: Exclude<AccountStatus, "deleted"> } = {},
    { signal }: CallOptions = {},
  ): Promise<Account> {
    const input = { path: { id }, json: { ...(status !== undefined && { status }) } };
    return account(await this.#callHolding(this.#operations.updateAccount, input, { signal }));
  }

  /**
   * Needs `admin`. Revokes every token of the account and erases its database credentials; its name stays taken.
   *
   * @throws MciasConflictError where it is the last administrator
   */
  async deleteAccount(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#callHolding(this.#operations.deleteAccount, { path: { id } }, { signal });
  }

  /** Needs `admin`. */
  async getRoles(accountId: string, { signal }: CallOptions = {}): Promise<string[]> {
    return (await this.#callHolding(this.#operations.getRoles, { path: { id: accountId } }, { signal })).roles;
  }

  /** Needs `admin`. Replaces the whole set. Tokens that live keep the roles they carry. */
  async setRoles(accountId: string, roles: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    const input = { path: { id: accountId }, json: { roles: [...roles] } };
    await this.#callHolding(this.#operations.setRoles, input, { signal });
  }

  /**
   * Needs `admin`. A token for a system account, whose former token dies. The held token stays.
   *
   * @throws MciasInputError for a human account
   * @throws MciasConflictError where the account is inactive
   */
  async issueServiceToken(accountId: string, { signal }: CallOptions = {}): Promise<TokenResult> {
    const json = { account_id: accountId };
    return tokenResult(await this.#callHolding(this.#operations.issueServiceToken, { json }, { signal }));
  }

  /** Needs `admin`. By the token's id. A second time is no error. */
  async revokeToken(jti: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#callHolding(this.#operations.revokeToken, { path: { jti } }, { signal });
  }

  /** Needs `admin`, or the token of the account itself. @throws MciasNotFoundError where none are stored */
  async getPgCreds(accountId: string, { signal }: CallOptions = {}): Promise<PgCreds> {
    return this.#callHolding(this.#operations.getPgCreds, { path: { id: accountId } }, { signal });
  }

  /** Needs `admin`. For system accounts. @throws MciasInputError for a human account */
  async setPgCreds(
    accountId: string,
    host: string,
    port: number,
    database: string,
    username: string,
    password: string | Secret,
    { signal }: CallOptions = {},
  ): Promise<void> {
    const secret = Secret.of(password);
    const json = { host, port, database, username, password: secret.expose() };
    const input = { path: { id: accountId }, json };
    await this.#callHolding(this.#operations.setPgCreds, input, { signal, secrets: [secret] });
  }

  toString(): string {
    return `MciasClient(${this.#server.origin})`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** What Node's `util.inspect` and `console.log` print. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  #hold(seen: TokenSnapshot, result: TokenResult): TokenResult {
    this.#state.replace(seen, { token: Secret.of(result.token), expiresAt: result.expiresAt });
    return result;
  }

  /** An exchange with the token of one snapshot: that of the start, or the one that the caller decided by. */
  async #callHolding<Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    exchange: Omit<Exchange, "token">,
    { token }: TokenSnapshot = this.#state.current,
  ): Promise<Output> {
    if (token === undefined) throw new MciasAuthError("no token: log in first", { status: 401, code: "unauthorized" });
    return this.#call(operation, input, { ...exchange, token });
  }

  async #call<Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    { signal, secrets = [], token }: Exchange,
  ): Promise<Output> {
    const target = {
      baseUrl: this.#server.base,
      decoding: this.#decoding,
      ...(token !== undefined && { credential: bearerOf(token) }),
    };
    try {
      return await call(signal === undefined ? this.#io : this.#io.until(signal), target, operation, input);
    } catch (error) {
      const held = this.#state.current.token;
      throw mciasErrorFrom(
        error,
        [...secrets, token, held].filter((secret) => secret !== undefined),
      );
    }
  }
}
