import { MciasAuthError } from "@cardea/mcias";
import { expect, test } from "vitest";
import { Narrator } from "./narrator.js";

function narrator(signal = new AbortController().signal) {
  const told = { text: "" };
  return { told, narrator: new Narrator({ stdout: { write: (more) => (told.text += more) }, env: {}, signal }) };
}

const refusal = () => Promise.reject(new MciasAuthError("no", { status: 401, code: "unauthorized" }));

test("a step is a numbered line: the operation, what was asked, what came back", async () => {
  const { told, narrator: tour } = narrator();
  await tour.asks("getRoles", "of alice").gives(
    "a, b",
    () => Promise.resolve(["a", "b"]),
    (roles) => roles.join(", "),
  );
  await tour.asks("login", "with a wrong password").isRefused("401 unauthorized", refusal);
  expect(told.text).toBe(
    "   1  getRoles           of alice                      a, b\n" +
      "   2  login              with a wrong password         401 unauthorized\n",
  );
  expect(tour.steps).toBe(2);
});

test.each([
  [
    "another answer",
    (tour: Narrator) =>
      tour.asks("getRoles", "x").gives(
        "a",
        () => Promise.resolve("b"),
        (b) => b,
      ),
    '"b"',
  ],
  ["a refusal", (tour: Narrator) => tour.asks("getRoles", "x").gives("a", refusal), '"401 unauthorized"'],
  [
    "no refusal",
    (tour: Narrator) => tour.asks("getRoles", "x").isRefused("404 not_found", () => Promise.resolve("a")),
    '"no refusal"',
  ],
  [
    "another refusal",
    (tour: Narrator) => tour.asks("getRoles", "x").isRefused("404 not_found", refusal),
    '"401 unauth',
  ],
])("%s ends the tour and is named", async (_, step, outcome) => {
  const { narrator: tour } = narrator();
  await expect(step(tour)).rejects.toMatchObject({
    code: "tour_unexpected",
    message: expect.stringMatching(`^step 1, getRoles, should have given .* and gave ${outcome}`),
  });
  expect(tour.steps).toBe(0);
});

test("whoever stops it gets no further step", () => {
  const { narrator: tour } = narrator(AbortSignal.abort());
  expect(() => tour.asks("health", "x")).toThrow(expect.objectContaining({ code: "tour_stopped" }));
});
