import { CardeaError, DecodeError, InputError, RefusedError, TransportError } from "@cardea/core";
import { describe, expect, test } from "vitest";
import { MciasDecodeError, MciasError, mciasErrorFrom } from "./errors.js";
import * as errors from "./errors.js";

const refused = (status: number, text = "no", code = "some_code") => new RefusedError(text, { status, code });

/** Section 5, written a second time. */
test.each([
  [400, "MciasInputError"],
  [401, "MciasAuthError"],
  [403, "MciasForbiddenError"],
  [404, "MciasNotFoundError"],
  [405, "MciasError"],
  [409, "MciasConflictError"],
  [413, "MciasError"],
  [415, "MciasError"],
  [418, "MciasError"],
  [429, "MciasError"],
  [500, "MciasServerError"],
  [502, "MciasServerError"],
  [503, "MciasServerError"],
  [599, "MciasServerError"],
] as const)("%i is a %s that keeps status, code and text", (status, name) => {
  const error = mciasErrorFrom(refused(status));
  expect(error).toBeInstanceOf(errors[name]);
  expect(error).toBeInstanceOf(MciasError);
  expect(error).toBeInstanceOf(CardeaError);
  expect(error).toMatchObject({ name, status, code: "some_code", message: "no" });
  expect(Object.getPrototypeOf(error)).toBe(errors[name].prototype);
});

test("the wait that a server asks for is told in whole seconds, rounded up", () => {
  const asked = (retryAfterMs?: number) =>
    mciasErrorFrom(
      new RefusedError("slow down", {
        status: 429,
        code: "rate_limited",
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      }),
    );
  expect(asked(1_001)).toMatchObject({ retryAfterSeconds: 2, retryAfterMs: 1_001, retryable: true });
  expect(asked()).toMatchObject({ retryAfterSeconds: undefined });
});

test("trouble without an answer has status 0 and core's code, also where an answer had begun", () => {
  const error = mciasErrorFrom(
    new TransportError("broke", { code: "connection_failed", status: 200, help: "Is the server running?" }),
  );
  expect(error).toBeInstanceOf(errors.MciasTransportError);
  expect(error).toMatchObject({
    status: 0,
    code: "connection_failed",
    retryable: true,
    help: "Is the server running?",
  });
});

test("an answer that breaks the contract keeps its status, and says where", () => {
  const error = mciasErrorFrom(new DecodeError("GET /v1/accounts", "[0].id", "a UUID", 200));
  expect(error).toBeInstanceOf(MciasDecodeError);
  expect(error).toMatchObject({ status: 200, code: "unexpected_reply", path: "[0].id", expected: "a UUID" });
});

test("what this client cannot send is an input error with a code of its own", () => {
  expect(mciasErrorFrom(new InputError("id", "Give one."))).toMatchObject({
    name: "MciasInputError",
    status: 400,
    code: "invalid_input",
    help: "Give one.",
  });
});

test("what is no error of core's stays what it is", () => {
  const error = new TypeError("x");
  expect(mciasErrorFrom(error)).toBe(error);
});

describe("texts of a server", () => {
  test("longer than 500 characters are cut, after secrets are out of them", () => {
    const text = `${"x".repeat(495)}planted-secret`;
    const error = mciasErrorFrom(refused(400, text), ["planted-secret"]) as MciasError;
    expect(error.message).toHaveLength(500);
    expect(error.message).not.toContain("plant");
  });

  test("show no secret that was echoed: in text, code, request id or the name of a member", () => {
    const planted = "planted_secret";
    const echo = new RefusedError(`bad ${planted}${planted}!`, {
      status: 400,
      code: planted,
      requestId: `r-${planted}`,
    });
    const found = [
      mciasErrorFrom(echo, [planted]),
      mciasErrorFrom(new DecodeError("GET /", planted, "no such member"), [planted]),
    ];
    for (const error of found) {
      expect(`${(error as Error).stack} ${JSON.stringify(error)} ${String(error)}`).not.toContain(planted);
    }
    expect(found[0]).toMatchObject({
      message: "bad [redacted][redacted]!",
      code: "[redacted]",
      requestId: "r-[redacted]",
    });
  });

  test("do not lose a code of the wire to a password of the same letters", () => {
    expect(mciasErrorFrom(refused(401, "no", "unauthorized"), ["unauthorized", "u"])).toMatchObject({
      code: "unauthorized",
    });
  });

  test("are not kept as a cause", () => {
    expect(mciasErrorFrom(refused(400))).not.toHaveProperty("cause");
  });
});
