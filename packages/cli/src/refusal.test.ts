import { CardeaError } from "@cardea/core";
import { describe, expect, test } from "vitest";
import { report } from "./refusal.js";
import { UsageError } from "./usage.js";

function told(error: unknown, env: Record<string, string> = {}) {
  let text = "";
  const code = report(error, { stderr: { write: (more) => (text += more) }, env });
  return { code, text };
}

describe("what went wrong is told in a sentence", () => {
  const refusal = new CardeaError("the door is shut", { code: "shut", help: "Knock" });
  const system = Object.assign(new Error("EACCES: permission denied, open '/x'"), { syscall: "open" });
  test.each([
    ["ours, with what to do", refusal, 1, "cardea: the door is shut. Knock.\n"],
    ["wrong usage", new UsageError("no", "serve"), 2, "cardea: no. Read: cardea serve --help\n"],
    [
      "the operating system's",
      system,
      1,
      "cardea: it stopped at something unexpected: EACCES: permission denied, open '/x'. Set CARDEA_DEBUG=1 to see where.\n",
    ],
  ])("%s", (_, error, code, text) => {
    expect(told(error)).toEqual({ code, text });
  });

  test("messages of others are left out: they may quote what they read", () => {
    const { text } = told(new TypeError("cannot parse hunter2"));
    expect(text).toContain("TypeError");
    expect(text).not.toContain("hunter2");
  });

  test("what is thrown need not be an error", () => {
    expect(told("hunter2")).toMatchObject({ code: 1, text: expect.not.stringContaining("hunter2") });
  });

  test("the stack is told on request only", () => {
    expect(told(refusal).text).not.toContain("refusal.test");
    expect(told(refusal, { CARDEA_DEBUG: "1" }).text).toContain("refusal.test");
  });
});
