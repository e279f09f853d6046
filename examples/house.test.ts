import { startHouse } from "@cardea/testkit";
import { expect, test } from "vitest";

const accounts = [{ username: "alice", password: "correct horse battery", roles: ["user"] }];

test("a token is good for thirty days", async () => {
  await using house = await startHouse({ house: { accounts } });
  const { token } = await house.mcias().login("alice", "correct horse battery");
  expect(await house.mcias().validateToken(token)).toMatchObject({ valid: true, roles: ["user"] });

  house.clock.advance(30 * 24 * 3_600_000);
  expect(await house.mcias().validateToken(token)).toEqual({ valid: false });
});

test("who cannot ask does not learn that a token is good", async () => {
  await using house = await startHouse({ house: { accounts } });
  const { token } = await house.mcias().login("alice", "correct horse battery");

  house.failNext("/v1/token/validate", { drop: true });
  await expect(house.mcias().validateToken(token)).rejects.toThrow("the connection failed");
  expect(house.requests.map(({ path }) => path)).toEqual(["/v1/auth/login", "/v1/token/validate"]);
});
