import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { systemClock } from "@cardea/core";
import { MciasClient } from "@cardea/mcias";
import { openHouse, password, serve } from "./house.mjs";
import { inside } from "./mint.mjs";

export const title = "One call with 10,000 and with 1,000,000 accounts";

export async function run() {
  const small = await measure(10_000);
  const large = await measure(1_000_000);
  return Object.keys(small).map((what) => {
    const [few, many] = [/** @type {number} */ (small[what]), /** @type {number} */ (large[what])];
    return {
      what,
      ours: `${many.toFixed(2)} ms`,
      peer: `${few.toFixed(2)} ms, with 10,000`,
      ratio: many / few,
      bar: "<= 3",
    };
  });
}

/** @param {number} count @returns {Promise<Record<string, number>>} medians in milliseconds */
async function measure(count) {
  const first = await serve();
  await first.stop({ keep: true });
  await fill(first.data, count);
  const house = await serve(openHouse, { folder: first.data });
  const client = new MciasClient({ serverUrl: house.url, caCert: house.ca });
  const { token } = await client.login("root", password);
  const bob = await client.createAccount("bob", "human", password);
  let made = 0;
  /** @type {Record<string, () => Promise<unknown>>} */
  const calls = {
    login: () => client.login("root", password),
    validate: () => client.validateToken(token),
    "get an account": () => client.getAccount(bob.id),
    "create an account": () => client.createAccount(`made-${made++}`, "system"),
    "set roles": () => client.setRoles(bob.id, made % 2 === 0 ? ["user"] : []),
  };
  /** @type {Record<string, number>} */
  const medians = {};
  for (const [what, act] of Object.entries(calls)) {
    const times = [];
    for (let i = 0; i < 60; i += 1) {
      const started = performance.now();
      await act();
      times.push(performance.now() - started);
    }
    medians[what] = /** @type {number} */ (times.sort((a, b) => a - b)[30]);
  }
  await house.stop();
  return medians;
}

/** @param {string} data @param {number} count */
async function fill(data, count) {
  const { openSqlite } = await import(inside("storage/sqlite/open.js"));
  const { migrations } = await import(inside("foundation.js"));
  const storage = await openSqlite({ path: join(data, "cardea.db"), clock: systemClock, migrations });
  const now = systemClock.now();
  const batch = 2_000;
  for (let made = 0; made < count; made += batch) {
    const ids = Array.from({ length: batch }, () => randomUUID());
    await storage.unit(async (/** @type {any} */ tx) => {
      const times = { created_at: now, updated_at: now };
      await tx
        .insertInto("accounts")
        .values(ids.map((id) => ({ id, kind: "human", status: "active", ...times })))
        .execute();
      await tx
        .insertInto("identifiers")
        .values(ids.map((id) => ({ kind: "username", value: `u-${id}`, account_id: id })))
        .execute();
      await tx
        .insertInto("subjects")
        .values(ids.map((id) => ({ account_id: id, wire: "mcias", scope: "", subject: id })))
        .execute();
      await tx
        .insertInto("account_roles")
        .values(ids.map((id) => ({ account_id: id, role: "user" })))
        .execute();
    });
  }
  await storage.close();
}
