import { expect, test } from "vitest";
import { memoryTransport } from "./memory.js";

/** What is peculiar to a handler in memory. The rest it shares with all: transports.test.ts. */

test("a handler's own fault passes as it is", async () => {
  const fault = new RangeError("a mistake");
  const transport = memoryTransport(() => Promise.reject(fault));
  const request = {
    method: "GET",
    url: "https://host.test/v1",
    headers: {},
    route: "GET /v1",
    repeat: "never",
    limits: { success: 10, error: 10 },
  } as const;
  await expect(transport(request, new AbortController().signal)).rejects.toBe(fault);
});
